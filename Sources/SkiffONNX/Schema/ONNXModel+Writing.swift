import CSchemas
import SkiffBinary
import SkiffIR
import SkiffProtobuf

extension ONNXModel {
  /// The model as it goes to a file. Training and functions are not part of what is written.
  func message() -> MessageWriter<Constant> {
    var message = MessageWriter<Constant>(MessageDescriptor(skiff_onnx_model_descriptor()))
    message.integer("ir_version", irVersion)
    message.text("producer_name", producerName)
    message.text("producer_version", producerVersion)
    message.text("domain", domain)
    message.integer("model_version", modelVersion)
    message.text("doc_string", description)
    message.message("graph", graph.write)
    for set in operatorSets {
      message.message("opset_import") {
        $0.text("domain", set.domain)
        $0.integer("version", set.version)
      }
    }
    for property in metadata { message.message("metadata_props", property.write) }
    return message
  }
}

extension ONNXProperty {
  fileprivate func write(to message: inout MessageWriter<Constant>) {
    message.text("key", key)
    message.text("value", value)
  }
}

extension ONNXGraph {
  fileprivate func write(to message: inout MessageWriter<Constant>) {
    for node in nodes { message.message("node", node.write) }
    message.text("name", name)
    for tensor in initializers { message.message("initializer", tensor.write) }
    for input in inputs { message.message("input", input.write) }
    for output in outputs { message.message("output", output.write) }
    for info in valueInfo { message.message("value_info", info.write) }
  }
}

extension ONNXNode {
  fileprivate func write(to message: inout MessageWriter<Constant>) {
    message.texts("input", inputs)
    message.texts("output", outputs)
    message.text("name", name)
    message.text("op_type", operatorName)
    message.text("domain", domain)
    for attribute in attributes { message.message("attribute", attribute.write) }
  }
}

extension ONNXAttribute {
  fileprivate func write(to message: inout MessageWriter<Constant>) {
    message.text("name", name)
    func kind(_ kind: Kind) { message.integer("type", kind.rawValue) }
    switch value {
    case .real(let real):
      message.real("f", real)
      kind(.real)
    case .integer(let integer):
      message.integer("i", integer)
      kind(.integer)
    case .bytes(let bytes):
      message.bytes("s", bytes)
      kind(.bytes)
    case .tensor(let tensor):
      message.message("t", tensor.write)
      kind(.tensor)
    case .graph(let graph):
      message.message("g", graph.write)
      kind(.graph)
    case .reals(let reals):
      message.reals("floats", reals)
      kind(.reals)
    case .integers(let integers):
      message.integers("ints", integers)
      kind(.integers)
    case .byteStrings(let strings):
      for string in strings { message.bytes("strings", string) }
      kind(.byteStrings)
    // Attributes are made by writers alone, also those of foreign operators, which refuse values of other kinds.
    case .sparseTensor, .type, .tensors, .graphs, .sparseTensors, .types, .reference:
      preconditionFailure("no mapping writes an attribute of this kind")
    }
  }
}

extension ONNXTensor {
  fileprivate func write(to message: inout MessageWriter<Constant>) {
    message.integers("dims", shape)
    message.integer("data_type", elementType)
    message.text("name", name)
    switch payload {
    case .raw(let bytes): message.bytes("raw_data", bytes)
    case .constant(let constant): message.leaf("raw_data", constant, count: constant.byteCount)
    case .external(let data):
      let properties = [
        ("location", data.location), ("offset", "\(data.offset)"), ("length", data.length.map { "\($0)" }),
      ]
      for case let (key, value?) in properties {
        message.message("external_data", ONNXProperty(key: key, value: value).write)
      }
      message.integer("data_location", 1)
    // Tensors are made of constants and external data alone; what was read from a file is a constant by then.
    case .integers, .strings: preconditionFailure("no mapping writes a tensor of this kind")
    }
  }
}

extension ONNXValueInfo {
  fileprivate func write(to message: inout MessageWriter<Constant>) {
    message.text("name", name)
    guard case .tensor(let element, let shape)? = type else { return }
    message.message("type") {
      $0.message("tensor_type") {
        $0.integer("elem_type", element)
        guard let shape else { return }
        $0.message("shape") {
          for dimension in shape { $0.message("dim", dimension.write) }
        }
      }
    }
  }
}

extension ONNXDimension {
  fileprivate func write(to message: inout MessageWriter<Constant>) {
    switch self {
    case .size(let size): message.integer("dim_value", size)
    case .symbol(let symbol): message.text("dim_param", symbol)
    case .unknown: break
    }
  }
}
