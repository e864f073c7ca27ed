// swift-format-ignore-file
// Generated from Schemas/skiff.fbs; the test of its schema writes it anew with SKIFF_UPDATE=1.

import SkiffBinary

extension FlatSchema {
  /// The format of Schemas/skiff.fbs.
  package static let skiff = FlatSchema(
    identifier: "SKFG", root: "Model", enumerations: allEnumerations, tables: allTables)
}

private let allEnumerations: [FlatEnumeration] = [
  FlatEnumeration(
    "Compression",
    [
      ("none", 0),
      ("rans", 1),
    ]),
  FlatEnumeration(
    "DataType",
    [
      ("bool", 0),
      ("i2", 1),
      ("i4", 2),
      ("i8", 3),
      ("i16", 4),
      ("i32", 5),
      ("i64", 6),
      ("u2", 7),
      ("u4", 8),
      ("u8", 9),
      ("u16", 10),
      ("u32", 11),
      ("u64", 12),
      ("f16", 13),
      ("f32", 14),
      ("f64", 15),
      ("bf16", 16),
      ("f8e4m3fn", 17),
      ("f8e4m3fnuz", 18),
      ("f8e5m2", 19),
      ("f8e5m2fnuz", 20),
      ("c64", 21),
      ("c128", 22),
      ("str", 23),
    ]),
]

private let allTables: [FlatTableType] = [
  FlatTableType(
    "Attribute",
    [
      FlatField("name", 0, .string),
      FlatField("value", 2, .union(
        [
          "IntegerValue",
          "RealValue",
          "BooleanValue",
          "TextValue",
          "IntegersValue",
          "RealsValue",
          "TextsValue",
          "BytesValue",
          "GraphValue",
        ])),
    ]),
  FlatTableType(
    "Blocked",
    [
      FlatField("bits", 0, .scalar(.uint8)),
      FlatField("axis", 1, .scalar(.uint32)),
      FlatField("block", 2, .scalar(.uint64)),
      FlatField("scales", 3, .table("Constant")),
      FlatField("zero_points", 4, .table("Constant")),
    ]),
  FlatTableType(
    "BooleanValue",
    [
      FlatField("value", 0, .scalar(.bool)),
    ]),
  FlatTableType(
    "BytesValue",
    [
      FlatField("value", 0, .scalars(.uint8)),
    ]),
  FlatTableType(
    "Codebook",
    [
      FlatField("bits", 0, .scalar(.uint8)),
      FlatField("axis", 1, .scalar(.uint32)),
      FlatField("table_axis", 2, .scalar(.uint32)),
      FlatField("rows", 3, .scalar(.uint64)),
      FlatField("tables", 4, .table("Constant")),
    ]),
  FlatTableType(
    "Constant",
    [
      FlatField("name", 0, .string),
      FlatField("type", 1, .scalar(.uint32)),
      FlatField("segment", 2, .scalar(.uint32)),
      FlatField("encoding", 4, .union(
        [
          "Packed",
          "Palette",
          "Sparse",
          "Blocked",
          "Codebook",
        ])),
      FlatField("stored_type", 5, .scalar(.int32), standard: -1),
    ]),
  FlatTableType(
    "Contract",
    [
      FlatField("inputs", 0, .tables("Port")),
      FlatField("outputs", 1, .tables("Port")),
    ]),
  FlatTableType(
    "Example",
    [
      FlatField("inputs", 0, .tables("ExampleTensor")),
      FlatField("outputs", 1, .tables("ExampleTensor")),
    ]),
  FlatTableType(
    "ExampleTensor",
    [
      FlatField("type", 0, .scalar(.uint32)),
      FlatField("segment", 1, .scalar(.uint32)),
    ]),
  FlatTableType(
    "Graph",
    [
      FlatField("name", 0, .string),
      FlatField("inputs", 1, .tables("Value")),
      FlatField("constants", 2, .tables("Constant")),
      FlatField("nodes", 3, .tables("Node")),
      FlatField("outputs", 4, .tables("Output")),
      FlatField("states", 5, .tables("State")),
    ]),
  FlatTableType(
    "GraphValue",
    [
      FlatField("value", 0, .table("Graph")),
    ]),
  FlatTableType(
    "IntegerValue",
    [
      FlatField("value", 0, .scalar(.int64)),
    ]),
  FlatTableType(
    "IntegersValue",
    [
      FlatField("value", 0, .scalars(.int64)),
    ]),
  FlatTableType(
    "Model",
    [
      FlatField("required", 0, .strings),
      FlatField("graph", 1, .table("Graph")),
      FlatField("types", 2, .tables("Type")),
      FlatField("segments", 3, .tables("Segment")),
      FlatField("contract", 4, .table("Contract")),
      FlatField("provenance", 5, .table("Provenance")),
      FlatField("examples", 6, .tables("Example")),
      FlatField("shared_digest", 7, .scalars(.uint8)),
    ]),
  FlatTableType(
    "Node",
    [
      FlatField("name", 0, .string),
      FlatField("operator", 1, .string),
      FlatField("operands", 2, .scalars(.int32)),
      FlatField("results", 3, .tables("Value")),
      FlatField("attributes", 4, .tables("Attribute")),
      FlatField("foreign", 5, .tables("Attribute")),
      FlatField("origins", 6, .tables("Origin")),
    ]),
  FlatTableType(
    "Origin",
    [
      FlatField("name", 0, .string),
      FlatField("operator", 1, .string),
      FlatField("index", 2, .scalar(.int64), standard: -1),
    ]),
  FlatTableType(
    "Output",
    [
      FlatField("name", 0, .string),
      FlatField("value", 1, .scalar(.uint32)),
    ]),
  FlatTableType(
    "Packed",
    [
      FlatField("bits", 0, .scalar(.uint8)),
    ]),
  FlatTableType(
    "Palette",
    [
      FlatField("bits", 0, .scalar(.uint8)),
      FlatField("elements", 1, .scalars(.uint8)),
    ]),
  FlatTableType(
    "Port",
    [
      FlatField("description", 0, .string),
      FlatField("layout", 1, .string),
      FlatField("scale", 2, .scalars(.float32)),
      FlatField("offset", 3, .scalars(.float32)),
      FlatField("labels", 4, .strings),
    ]),
  FlatTableType(
    "Provenance",
    [
      FlatField("source", 0, .string),
      FlatField("source_format", 1, .string),
      FlatField("source_digest", 2, .scalars(.uint8)),
      FlatField("recipe", 3, .string),
      FlatField("calibration_digest", 4, .scalars(.uint8)),
      FlatField("producer", 5, .string),
    ]),
  FlatTableType(
    "Quantization",
    [
      FlatField("scales", 0, .scalars(.float32)),
      FlatField("zero_points", 1, .scalars(.int64)),
      FlatField("axis", 2, .scalar(.int32), standard: -1),
      FlatField("block", 3, .scalar(.int64)),
    ]),
  FlatTableType(
    "RealValue",
    [
      FlatField("value", 0, .scalar(.float64)),
    ]),
  FlatTableType(
    "RealsValue",
    [
      FlatField("value", 0, .scalars(.float64)),
    ]),
  FlatTableType(
    "Segment",
    [
      FlatField("offset", 0, .scalar(.uint64)),
      FlatField("size", 1, .scalar(.uint64)),
      FlatField("digest", 2, .scalars(.uint8)),
      FlatField("compression", 3, .scalar(.uint8), enumeration: "Compression"),
    ]),
  FlatTableType(
    "Sparse",
    [
      FlatField("elements", 0, .table("Constant")),
    ]),
  FlatTableType(
    "State",
    [
      FlatField("name", 0, .string),
      FlatField("type", 1, .scalar(.uint32)),
      FlatField("segment", 2, .scalar(.uint32)),
      FlatField("encoding", 4, .union(
        [
          "Packed",
          "Palette",
          "Sparse",
          "Blocked",
          "Codebook",
        ])),
      FlatField("next", 5, .scalar(.uint32)),
      FlatField("stored_type", 6, .scalar(.int32), standard: -1),
    ]),
  FlatTableType(
    "TextValue",
    [
      FlatField("value", 0, .string),
    ]),
  FlatTableType(
    "TextsValue",
    [
      FlatField("value", 0, .strings),
    ]),
  FlatTableType(
    "Type",
    [
      FlatField("data_type", 0, .scalar(.uint8), enumeration: "DataType"),
      FlatField("sizes", 1, .scalars(.int64)),
      FlatField("dynamic", 2, .strings),
      FlatField("quantization", 3, .table("Quantization")),
    ]),
  FlatTableType(
    "Value",
    [
      FlatField("name", 0, .string),
      FlatField("type", 1, .scalar(.int32), standard: -1),
    ]),
]
