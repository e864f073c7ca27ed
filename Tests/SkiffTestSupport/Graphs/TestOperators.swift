import SkiffBinary
import SkiffIR

/// An operator with an attribute of every kind, whose results have the type of its first operand.
package struct Everything: Operator {
  package enum Choice: String, AttributeEnumeration { case first, second = "the second", none }

  package static let name = "Everything"
  package static let summary = "Has an attribute of every kind."
  package static let operands: [Operand] = [.required("first"), .optional("second"), .variadic("more")]
  package static let attributes: [Attribute<Everything>] = [
    Attribute("integer", \.integer, "An integer."),
    Attribute("single", \.single, "A float32."),
    Attribute("double", \.double, "A float64."),
    Attribute("flag", \.flag, "A truth value."),
    Attribute("text", \.text, "Text."),
    Attribute("choice", \.choice, "A case."),
    Attribute("element", \.element, "A data type."),
    Attribute("integers", \.integers, "Integers."),
    Attribute("singles", \.singles, "Numbers in float32."),
    Attribute("texts", \.texts, "Texts."),
    Attribute("maybe", \.maybe, "An integer or nothing."),
    Attribute("graph", \.graph, "A graph."),
    Attribute("results", \.outputCount, "The number of results."),
  ]

  package var integer = 1
  package var single: Float = 0.5
  package var double = -0.0
  package var flag = true
  package var text = ""
  package var choice = Choice.second
  package var element = DataType.float32
  package var integers: [Int] = []
  package var singles: [Float] = [1]
  package var texts: [String] = []
  package var maybe: Int? = 7
  package var graph = Subgraph.empty
  package var outputCount = 1

  package init() {}

  package func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    return [TensorType](repeating: TensorType(type.dataType, type.shape), count: outputCount)
  }
}

extension OperatorCatalog {
  /// ``Everything`` and the foreign operator.
  package static let testing = OperatorCatalog([Everything.self, ForeignOperator.self])
}
