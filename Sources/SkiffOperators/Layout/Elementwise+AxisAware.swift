import SkiffIR

/// An operator that treats every place of its broadcast operands alike.
package protocol PlacewiseOperator: AxisAware {}

extension PlacewiseOperator {
  package func form(_ context: AxisContext) -> AxisForm? {
    let operands = [AxisForm.Operand](repeating: .aligned(context.order), count: context.inputs.count)
    return AxisForm(self, operands, results: [context.order])
  }
}

extension BitwiseNot: PlacewiseOperator {}
extension Cast: PlacewiseOperator {}
extension Clip: PlacewiseOperator {}
extension Dequantize: PlacewiseOperator {}
extension Identity: PlacewiseOperator {}
extension Not: PlacewiseOperator {}
extension PRelu: PlacewiseOperator {}
extension Power: PlacewiseOperator {}
extension Quantize: PlacewiseOperator {}
extension Select: PlacewiseOperator {}
