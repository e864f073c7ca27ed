import SkiffBinary
import SkiffIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A function inside of a recurrent operator.
public enum RecurrentActivation: String, AttributeEnumeration, CaseIterable {
  /// `alpha · x + beta`.
  case affine
  /// `alpha · (e^x − 1)` below 0.
  case elu
  /// `alpha · x + beta` between 0 and 1.
  case hardSigmoid
  /// `alpha · x` below 0.
  case leakyRelu
  /// `max(x, 0)`.
  case relu
  /// `alpha · tanh(beta · x)`.
  case scaledTanh
  /// `1 / (1 + e^−x)`.
  case sigmoid
  /// `ln(1 + e^x)`.
  case softplus
  /// `x / (1 + |x|)`.
  case softsign
  /// The hyperbolic tangent.
  case tanh
  /// `x` above alpha, else 0.
  case thresholdedRelu

  /// Alpha and beta where a model says nothing; nil for a function without.
  public var standardParameters: (alpha: Float?, beta: Float?) {
    switch self {
    case .affine: (1, 0)
    case .elu, .thresholdedRelu: (1, nil)
    case .hardSigmoid: (0.2, 0.5)
    case .leakyRelu: (0.01, nil)
    case .scaledTanh: (1, 1)
    case .relu, .sigmoid, .softplus, .softsign, .tanh: (nil, nil)
    }
  }
}

/// A function with its parameters.
package struct RecurrentFunction {
  package let activation: RecurrentActivation
  package let alpha: Float
  package let beta: Float
  /// The greatest magnitude of its argument.
  package let clip: Float

  func callAsFunction(_ argument: Float) -> Float {
    let x = min(max(argument, -clip), clip)
    switch activation {
    case .affine: return alpha * x + beta
    case .elu: return x < 0 ? alpha * expm1(x) : x
    case .hardSigmoid: return min(max(alpha * x + beta, 0), 1)
    case .leakyRelu: return x < 0 ? alpha * x : x
    case .relu: return max(x, 0)
    case .scaledTanh: return alpha * Self.tanh(beta * x)
    case .sigmoid: return 1 / (1 + exp(-x))
    case .softplus: return max(x, 0) + log1p(exp(-abs(x)))
    case .softsign: return x / (1 + abs(x))
    case .tanh: return Self.tanh(x)
    case .thresholdedRelu: return x > alpha ? x : 0
    }
  }

  private static func tanh(_ x: Float) -> Float {
    #if canImport(Glibc)
      Glibc.tanh(x)
    #elseif canImport(Musl)
      Musl.tanh(x)
    #else
      Darwin.tanh(x)
    #endif
  }
}
