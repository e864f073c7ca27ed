import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that read or write a spatial tensor at places which are computed.
enum SamplingMappings {
  static let rows: [Mapping] = [
    Mapping("AffineGrid", since: 20) { (node) throws(ModelError) in
      var grid = AffineGrid()
      grid.alignsCorners = try node.flag("align_corners")
      return try node.add(grid, node.inputs)
    }.writing(AffineGrid.self) { (grid, node) throws(ModelError) in
      try node.add(
        "AffineGrid", [node.operand(0), node.indices(1)], ["align_corners": .flag(grid.alignsCorners)])
    },
    Mapping("Col2Im", since: 18) { (node) throws(ModelError) in
      var columns = Col2Im()
      columns.strides = try node.windowList("strides") ?? []
      columns.dilations = try node.windowList("dilations") ?? []
      columns.pads = try node.windowList("pads") ?? []
      return try node.add(columns, node.inputs)
    }.writing(Col2Im.self) { (columns, node) throws(ModelError) in
      var attributes = AttributeList()
      attributes["strides"] = columns.strides.isEmpty ? nil : .integers(columns.strides)
      attributes["dilations"] = columns.dilations.isEmpty ? nil : .integers(columns.dilations)
      attributes["pads"] = columns.pads.isEmpty ? nil : .integers(columns.pads)
      return try node.add("Col2Im", [node.operand(0), node.indices(1), node.indices(2)], attributes)
    },
    Mapping("DeformConv", since: 19, deformableConvolution)
      .writing(DeformableConvolution.self) { (convolution, node) throws(ModelError) in
        var attributes: AttributeList = [
          "group": .integer(convolution.groups), "offset_group": .integer(convolution.offsetGroups),
        ]
        attributes["strides"] = convolution.strides.isEmpty ? nil : .integers(convolution.strides)
        attributes["dilations"] = convolution.dilations.isEmpty ? nil : .integers(convolution.dilations)
        attributes["pads"] = convolution.pads.isEmpty ? nil : .integers(convolution.pads)
        return try node.add("DeformConv", node.operands(), attributes)
      },
    Mapping("GridSample", since: 16, gridSample).writing(GridSample.self) {
      (sample, node) throws(ModelError) in
      try node.add(
        "GridSample", node.operands(),
        [
          "mode": .text(sample.mode.rawValue), "padding_mode": .text(sample.outside.rawValue),
          "align_corners": .flag(sample.alignsCorners),
        ])
    },
    Mapping("RoiAlign", since: 10) { (node) throws(ModelError) in
      try regionAlign(&node, coordinates: "output_half_pixel")
    },
    Mapping("RoiAlign", since: 16) { (node) throws(ModelError) in
      try regionAlign(&node, coordinates: "half_pixel")
    }.writing(RegionAlign.self) { (align, node) throws(ModelError) in
      try node.add(
        "RoiAlign", [node.operand(0), node.operand(1), node.indices(2)],
        [
          "output_height": .integer(align.rows), "output_width": .integer(align.columns),
          "sampling_ratio": .integer(align.points), "spatial_scale": .real(align.scale),
          "mode": .text(align.takesMaximum ? "max" : "avg"),
          "coordinate_transformation_mode": .text(align.centersPixels ? "half_pixel" : "output_half_pixel"),
        ])
    },
  ]

  static func deformableConvolution(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    try node.checkWindow(ofWeights: node.input(1))
    var convolution = DeformableConvolution()
    convolution.groups = try node.integer("group", default: 1)
    convolution.offsetGroups = try node.integer("offset_group", default: 1)
    convolution.strides = try node.windowList("strides") ?? []
    convolution.dilations = try node.windowList("dilations") ?? []
    convolution.pads = try node.windowList("pads") ?? []
    return try node.add(convolution, node.inputs)
  }

  /// Modes have names for two axes at first, and general ones later.
  static func gridSample(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var sample = GridSample()
    switch try node.text("mode", default: "linear") {
    case "linear", "bilinear": sample.mode = .linear
    case "cubic", "bicubic": sample.mode = .cubic
    case "nearest": sample.mode = .nearest
    case let other:
      throw ModelError(.malformed, "there is no mode '\(other)'", at: Location(attribute: "mode"))
    }
    let padding = try node.text("padding_mode", default: "zeros")
    guard let outside = GridSample.Outside(rawValue: padding) else {
      throw ModelError(
        .malformed, "there is no padding '\(padding)'", at: Location(attribute: "padding_mode"))
    }
    sample.outside = outside
    sample.alignsCorners = try node.flag("align_corners")
    return try node.add(sample, node.inputs)
  }

  private static func regionAlign(
    _ node: inout NodeImport, coordinates standard: String
  ) throws(ModelError) -> [ValueID] {
    var align = RegionAlign()
    align.rows = try node.integer("output_height", default: 1)
    align.columns = try node.integer("output_width", default: 1)
    align.points = try node.integer("sampling_ratio", default: 0)
    align.scale = try node.real("spatial_scale", default: 1)
    switch try node.text("mode", default: "avg") {
    case "avg": align.takesMaximum = false
    case "max": align.takesMaximum = true
    default: throw ModelError(.malformed, "expected avg or max", at: Location(attribute: "mode"))
    }
    let name = "coordinate_transformation_mode"
    switch try node.text(name, default: standard) {
    case "half_pixel": align.centersPixels = true
    case "output_half_pixel": align.centersPixels = false
    case let other: throw ModelError(.malformed, "there is no mode '\(other)'", at: Location(attribute: name))
    }
    return try node.add(align, node.inputs)
  }
}
