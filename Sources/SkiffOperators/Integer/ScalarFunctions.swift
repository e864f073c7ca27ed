#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The C library's functions that define tables and factors, under names of their own.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
func exponential(_ value: Double) -> Double { exp(value) }
func exponential(_ value: Float) -> Float { expf(value) }

/// The real functions that the reference evaluates once per int8 value, in float32.
package enum TabulatedFunction: Hashable, Sendable {
  /// 1 / (1 + exp(-x)).
  case logistic
  /// The hyperbolic tangent.
  case tanh
  /// x, or exp(x) - 1 below zero.
  case elu
  /// x/2 · erfc(-x / sqrt 2).
  case gelu
  /// x/2 · (1 + tanh(sqrt(2/pi) · (x + 0.044715 x^3))).
  case geluTanh
  /// exp(x).
  case exp
  /// ln x, or `floor` where x is not positive.
  case log(floor: Float)

  /// The value at `x`, every step rounded to float32.
  package func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .logistic: return 1 / (1 + expf(-x))
    case .tanh: return tanhf(x)
    case .elu: return x < 0 ? expm1f(x) : x
    case .gelu: return 0.5 * x * erfcf(x * -0.707_106_781_186_547_5)
    case .geluTanh:
      let rootOf2OverPi: Float = 0.797_884_560_802_865_4
      return 0.5 * x * (1 + tanhf(rootOf2OverPi * (x + 0.044715 * x * x * x)))
    case .exp: return expf(x)
    case .log(let floor): return x <= 0 ? floor : logf(x)
    }
  }
}
