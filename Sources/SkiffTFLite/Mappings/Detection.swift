import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// What detectors of objects end with.
  static let detection: [Mapping] = [
    Mapping(
      "NON_MAX_SUPPRESSION_V4", SoftNonMaxSuppression.self,
      accepts: { _, node, _ in node.inputs.count < 5 || node.inputs[4] == nil },
      read: { (reader) throws(ModelError) in
        let results = try reader.suppression(reader.inputs.count)
        return [results[0], results[2]]
      },
      write: { (node, writer) throws(ModelError) in
        let scores = writer.node.outputs[1]
        let usesScores =
          !writer.exporter.graph[scores].users.isEmpty
          || writer.exporter.graph.outputs.contains { $0.value == scores }
        guard !usesScores else { return false }
        try writer.emit(
          "NON_MAX_SUPPRESSION_V4", writer.suppressionOperands(node.count),
          [writer.result(0), writer.result(2)], FlatObject("NonMaxSuppressionV4Options"))
        return true
      }),
    Mapping(
      "NON_MAX_SUPPRESSION_V5", SoftNonMaxSuppression.self,
      read: { (reader) throws(ModelError) in try reader.suppression(6) },
      write: { (node, writer) throws(ModelError) in
        var sigma = try writer.optional(4)
        if sigma == nil { sigma = try writer.exporter.addUnnamed(Tensor(scalar: Float(0))) }
        try writer.emit(
          "NON_MAX_SUPPRESSION_V5", writer.suppressionOperands(node.count) + [sigma ?? -1], writer.results(),
          FlatObject("NonMaxSuppressionV5Options"))
        return true
      }),
    Mapping(
      custom: "TFLite_Detection_PostProcess", DetectionPostProcess.self,
      read: { (reader) throws(ModelError) in
        guard let data = reader.item.customOptions else { throw ModelError(.malformed, "has no options") }
        let options = try FlexMap(data)
        var node = DetectionPostProcess()
        node.detections = options.integer("max_detections") ?? 0
        node.classesPerDetection = options.integer("max_classes_per_detection") ?? 0
        node.detectionsPerClass = options.integer("detections_per_class") ?? 100
        node.suppressesEachClass = options.integer("use_regular_nms") ?? 0 != 0
        node.leastScore = options.real("nms_score_threshold") ?? 0
        node.overlap = options.real("nms_iou_threshold") ?? 0
        node.classes = options.integer("num_classes") ?? 0
        node.scales = ["y_scale", "x_scale", "h_scale", "w_scale"].map { options.real($0) ?? 0 }
        var operands: [ValueID] = []
        for index in 0..<3 {
          let operand = try reader.input(index)
          let isReal = try reader.type(index).dataType == .float32
          operands.append(isReal ? operand : try reader.addIntermediate(Dequantize(), [operand]))
        }
        return try reader.importer.graph.addNode(
          node, operands, name: reader.origin.name, origins: [reader.origin])
      },
      write: { (node, writer) throws(ModelError) in
        var numbers: [String: FlexMap.Number] = [
          "max_detections": .integer(node.detections),
          "max_classes_per_detection": .integer(node.classesPerDetection),
          "detections_per_class": .integer(node.detectionsPerClass),
          "use_regular_nms": .boolean(node.suppressesEachClass),
          "nms_score_threshold": .real(Double(node.leastScore)),
          "nms_iou_threshold": .real(Double(node.overlap)), "num_classes": .integer(node.classes),
        ]
        for (name, scale) in zip(["y_scale", "x_scale", "h_scale", "w_scale"], node.scales) {
          numbers[name] = .real(Double(scale))
        }
        try writer.emit(custom: "TFLite_Detection_PostProcess", FlexMap(numbers).bytes)
        return true
      }),
  ]
}

extension OperatorReader {
  /// Operands: boxes, scores, the length of the results, the overlap, the least score, perhaps σ.
  fileprivate func suppression(_ count: Int) throws(ModelError) -> [ValueID] {
    var node = SoftNonMaxSuppression()
    node.count = try integer(2, "number of boxes")
    let operands =
      [try input(0), try input(1), try input(3), try input(4)] + (count > 5 ? [try input(5)] : [])
    return try importer.graph.addNode(node, operands, name: origin.name, origins: [origin])
  }
}

extension NodeWriter {
  fileprivate func suppressionOperands(_ count: Int) throws(ModelError) -> [Int] {
    [try required(0), try required(1), try scalar(count), try required(2), try required(3)]
  }

  /// Appends a custom operator over the operands and results of the node.
  fileprivate func emit(custom name: String, _ options: [UInt8]) throws(ModelError) {
    var item = TFLiteModel.Operator()
    item.inputs = try operands()
    item.outputs = try results()
    item.customOptions = ByteRegion(options)
    exporter.append(item, .init(builtin: TFLiteModel.OperatorCode.custom, customCode: name))
  }
}
