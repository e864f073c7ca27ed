import SkiffBinary
import SkiffIR

/// Reads checkpoints: weights without a graph that computes with them. The graph is made of constants, each of which is an
/// output of its name.
public enum Importer {
  /// The tensors of one file.
  public static func makeGraph(from file: SafetensorsFile) throws(ModelError) -> Graph {
    try makeGraph(file.entries)
  }

  /// The tensors of the files that an index names.
  ///
  /// - Parameter path: The path of the index; the files are in its folder.
  /// - Throws: ``ModelError/Code/malformed`` if a file is outside of the folder or lacks a tensor,
  ///   ``ModelError/Code/inputOutput`` if there is no such file.
  public static func makeGraph(
    from index: SafetensorsIndex, besidePath path: String, limits: Limits = .standard,
    warnings: inout [Warning]
  ) throws(ModelError) -> Graph {
    let (entries, unlisted) = try index.entries(besidePath: path, limits: limits)
    if let first = unlisted.first {
      let others = unlisted.count == 1 ? "" : " and \(unlisted.count - 1) other tensors"
      warnings.append(Warning("the index does not list \(first)\(others), which are left out"))
    }
    return try makeGraph(entries)
  }

  private static func makeGraph(_ entries: [SafetensorsFile.Entry]) throws(ModelError) -> Graph {
    var graph = Graph()
    for entry in entries {
      let constant = try locating(Location(tensor: entry.name)) { () throws(ModelError) in
        guard let dataType = ElementTypes.dataType(entry.type) else {
          throw ModelError(.unsupported, "elements of the type '\(entry.type)'")
        }
        return try Constant(dataType, shape: entry.shape, bytes: entry.bytes)
      }
      graph.addOutput(graph.addConstant(constant, name: entry.name), name: entry.name)
    }
    return graph
  }
}

/// The names of element types.
private enum ElementTypes {
  private static let table: [String: DataType] = [
    "BOOL": .boolean, "U8": .uint8, "I8": .int8, "I16": .int16, "U16": .uint16, "I32": .int32, "U32": .uint32,
    "I64": .int64, "U64": .uint64, "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
    "F8_E4M3": .float8e4m3fn, "F8_E5M2": .float8e5m2, "F8_E4M3FNUZ": .float8e4m3fnuz,
    "F8_E5M2FNUZ": .float8e5m2fnuz, "C64": .complex64,
  ]

  /// The data type of a name, nil if Skiff has none.
  static func dataType(_ name: String) -> DataType? { table[name] }
}
