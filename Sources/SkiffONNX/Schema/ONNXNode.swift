import SkiffBinary
import SkiffProtobuf

/// The application of an operator.
package struct ONNXNode: Sendable {
  package var name: String
  package var operatorName: String
  /// The domain of the operator; empty for ONNX's own.
  package var domain: String
  package var overload: String
  /// The names of the values it is applied to; empty for one that is left out.
  package var inputs: [String]
  /// The names of the values it computes; empty for one that nobody wants.
  package var outputs: [String]
  package var attributes: [ONNXAttribute]
  /// The place in the file.
  package var byteOffset: Int

  /// A node without an operator.
  init() {
    (name, operatorName, domain, overload) = ("", "", "", "")
    (inputs, outputs, attributes, byteOffset) = ([], [], [], 0)
  }

  init(_ message: ProtobufMessage, limits: Limits) throws(ModelError) {
    name = message.text("name") ?? ""
    operatorName = message.text("op_type") ?? ""
    domain = message.text("domain") ?? ""
    overload = message.text("overload") ?? ""
    inputs = message.texts("input")
    outputs = message.texts("output")
    byteOffset = message.region.offset
    attributes = []
    let place = Location(node: .init(name: name, operatorName: operatorName))
    for attribute in message.messages("attribute") {
      attributes.append(
        try locating(place) { () throws(ModelError) in try ONNXAttribute(attribute, limits: limits) })
    }
  }
}
