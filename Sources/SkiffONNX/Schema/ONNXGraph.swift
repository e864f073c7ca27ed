import SkiffBinary
import SkiffProtobuf

/// The nodes of a model, of a branch or of a loop's body.
package struct ONNXGraph: Sendable {
  package var name: String
  package var nodes: [ONNXNode]
  package var initializers: [ONNXTensor]
  package var sparseInitializers: [ONNXSparseTensor]
  package var inputs: [ONNXValueInfo]
  package var outputs: [ONNXValueInfo]
  /// The types of values inside, as far as the file states them.
  package var valueInfo: [ONNXValueInfo]

  /// A graph without anything in it.
  init(name: String) {
    self.name = name
    (nodes, initializers, sparseInitializers, inputs, outputs, valueInfo) = ([], [], [], [], [], [])
  }

  init(_ message: ProtobufMessage, limits: Limits) throws(ModelError) {
    name = message.text("name") ?? ""
    nodes = []
    for node in message.messages("node") { nodes.append(try ONNXNode(node, limits: limits)) }
    initializers = []
    for tensor in message.messages("initializer") {
      initializers.append(try ONNXTensor(tensor, limits: limits))
    }
    sparseInitializers = []
    for tensor in message.messages("sparse_initializer") {
      sparseInitializers.append(try ONNXSparseTensor(tensor, limits: limits))
    }
    inputs = message.messages("input").map(ONNXValueInfo.init)
    outputs = message.messages("output").map(ONNXValueInfo.init)
    valueInfo = message.messages("value_info").map(ONNXValueInfo.init)
  }
}

/// An operator that the file itself defines by a graph.
package struct ONNXFunction: Sendable {
  package var domain: String
  package var name: String
  package var overload: String
  package var operatorSets: [ONNXOperatorSet]
  package var inputs: [String]
  package var outputs: [String]
  /// The attributes that a call must have.
  package var attributeNames: [String]
  /// The attributes that a call may leave out, with their defaults.
  package var defaultAttributes: [ONNXAttribute]
  package var nodes: [ONNXNode]

  init(_ message: ProtobufMessage, limits: Limits) throws(ModelError) {
    domain = message.text("domain") ?? ""
    name = message.text("name") ?? ""
    overload = message.text("overload") ?? ""
    operatorSets = message.messages("opset_import").map(ONNXOperatorSet.init)
    inputs = message.texts("input")
    outputs = message.texts("output")
    attributeNames = message.texts("attribute")
    defaultAttributes = []
    for attribute in message.messages("attribute_proto") {
      defaultAttributes.append(try ONNXAttribute(attribute, limits: limits))
    }
    nodes = []
    for node in message.messages("node") { nodes.append(try ONNXNode(node, limits: limits)) }
  }
}
