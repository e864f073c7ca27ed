import SkiffBinary
import SkiffIR
import SkiffTestSupport

import SkiffTFLite

/// What a file means, one line for each output: the tree of operators that compute it, with attributes, types and the
/// digests of constants.
///
/// Names of tensors, the order of buffers, tensors and operators, and the versions of operators are left out. So are
/// differences that mean nothing: a reshape before a FULLY_CONNECTED that flattens by itself, a depthwise convolution
/// of one channel, int64 or int32 shapes, ranges noted beside scales.
struct Meaning: Equatable, CustomStringConvertible {
  let lines: [String]
  var description: String { lines.joined(separator: "\n") }

  init(_ model: TFLiteModel) throws {
    var reader = Reader(model)
    let subgraph = model.subgraphs[0]
    lines = try subgraph.outputs.map { try reader.digest($0) } + subgraph.inputs.map { try reader.type($0) }
  }

  private struct Reader {
    let model: TFLiteModel
    let subgraph: TFLiteModel.Subgraph
    var producers: [Int: (operator: Int, result: Int)] = [:]
    var known: [Int: String] = [:]

    init(_ model: TFLiteModel) {
      self.model = model
      subgraph = model.subgraphs[0]
      for (index, item) in subgraph.operators.enumerated() {
        for (result, tensor) in item.outputs.enumerated() { producers[tensor] = (index, result) }
      }
    }

    func type(_ index: Int) throws -> String {
      let tensor = subgraph.tensors[index]
      var text = "\(tensor.typeName)\((tensor.shapeSignature ?? tensor.shape).isEmpty ? [] : tensor.shape)"
      if let scale = tensor.quantization?.scale, !scale.isEmpty {
        let zeros = tensor.quantization?.zeroPoint ?? []
        text += "q\(scale)\(zeros)\(scale.count > 1 ? tensor.quantization?.axis ?? 0 : 0)"
      }
      return text
    }

    mutating func digest(_ index: Int) throws -> String {
      guard index >= 0 else { return "none" }
      if let known = known[index] { return known }
      let text: String
      if let producer = producers[index] {
        text = try digest(
          of: subgraph.operators[producer.operator], result: producer.result, type: type(index))
      } else if let position = subgraph.inputs.firstIndex(of: index) {
        text = "input \(position)"
      } else {
        text = try constant(index)
      }
      let short = "\(Digest(of: ByteRegion(Array(text.utf8))))"
      // The text itself helps to find a difference where it is short.
      let result = text.count < 200 ? text : short
      known[index] = result
      return result
    }

    private func constant(_ index: Int) throws -> String {
      let tensor = subgraph.tensors[index]
      guard case .data(let bytes) = model.buffers[tensor.buffer] else { return "missing" }
      if tensor.quantization?.scale?.isEmpty ?? true,
        tensor.typeName == "INT64" || tensor.typeName == "INT32",
        bytes.count <= 256, let type = ElementTypes.type(named: tensor.typeName)
      {
        return try "\(Tensor(type, shape: tensor.shape, bytes: bytes).integers())"
      }
      return "\(try type(index)) \(Digest(of: bytes))"
    }

    private mutating func digest(
      of item: TFLiteModel.Operator, result: Int, type: String
    ) throws -> String {
      var name = model.operatorCodes[item.code].name
      var inputs = item.inputs
      while inputs.last == -1 { inputs.removeLast() }
      if name == "FULLY_CONNECTED", let producer = producers[inputs[0]],
        model.operatorCodes[subgraph.operators[producer.operator].code].name == "RESHAPE"
      {
        inputs[0] = subgraph.operators[producer.operator].inputs[0]
      }
      var operands = try inputs.map { try digest($0) }
      var options = item.options
      if name == "RESHAPE" {
        operands = [operands[0]]
        options = nil
      }
      if name == "DEPTHWISE_CONV_2D", subgraph.tensors[inputs[0]].shape.last == 1 {
        name = "CONV_2D"
        operands[1] = "weights of one channel"
        options?["depth_multiplier"] = nil
      } else if name == "CONV_2D", subgraph.tensors[inputs[0]].shape.last == 1 {
        operands[1] = "weights of one channel"
      }
      // Fields that mean nothing: a type of bias for int16 only.
      let fields = (options?.fields ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      return
        "\(name)#\(result)(\(operands.joined(separator: ", ")))[\(fields.joined(separator: ", "))]:\(type)"
    }
  }
}
