import SkiffIR
import SkiffOperators

extension Operator {
  /// The product without the clamp of its results; nil for what is no product with weights.
  var unclamped: (any Operator)? {
    switch self {
    case var convolution as Convolution:
      convolution.activation = .none
      return convolution
    case var product as FullyConnected:
      product.activation = .none
      return product
    default: return nil
    }
  }
}
