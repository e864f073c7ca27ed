import SkiffIR
import SkiffOperators

extension Graph {
  /// The real numbers that the graph tells apart in an input which it turns into integers first; nil for others.
  func roundedRange(of input: ValueID) -> ClosedRange<Double>? {
    guard self[input].type?.dataType.isFloatingPoint == true, let user = soleUser(of: input) else {
      return nil
    }
    let node = self[user]
    guard let dataType = self[node.outputs[0]].type?.dataType, dataType.isInteger, dataType.bitWidth <= 16
    else {
      return nil
    }
    let parameters: (scale: Float, zeroPoint: Int)?
    switch node.operator {
    case is Quantize: parameters = self[node.outputs[0]].type?.quantization?.perTensor
    case is QuantizeLinear:
      let scales = node.inputs[1].flatMap { self[$0].constant }.flatMap { try? $0.materialize().floats() }
      let zeroPoint =
        node.inputs.count > 2 ? node.inputs[2].flatMap { self[$0].constant?.smallIntegers() } : [0]
      parameters = scales.flatMap { scales in
        zeroPoint.flatMap { scales.count == 1 && $0.count == 1 ? (scales[0], $0[0]) : nil }
      }
    default: parameters = nil
    }
    guard let (scale, zeroPoint) = parameters, scale.isFinite, scale > 0 else { return nil }
    let range = dataType.integerRange()
    return Double(range.lowerBound - zeroPoint) * Double(scale)...Double(range.upperBound - zeroPoint)
      * Double(scale)
  }
}
