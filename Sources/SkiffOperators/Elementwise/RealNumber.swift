import SkiffIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A floating point type with the functions of the C library, so that an operator is written once for each width.
package protocol RealNumber: BinaryFloatingPoint, TensorElement {
  static func exponential(_ x: Self) -> Self
  static func exponentialMinusOne(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func logarithmOfOnePlus(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  static func errorFunction(_ x: Self) -> Self
  static func complementaryErrorFunction(_ x: Self) -> Self
  static func sine(_ x: Self) -> Self
  static func cosine(_ x: Self) -> Self
  static func tangent(_ x: Self) -> Self
  static func arcSine(_ x: Self) -> Self
  static func arcCosine(_ x: Self) -> Self
  static func arcTangent(_ x: Self) -> Self
  static func arcTangent(_ y: Self, _ x: Self) -> Self
  static func hyperbolicSine(_ x: Self) -> Self
  static func hyperbolicCosine(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
  static func inverseHyperbolicSine(_ x: Self) -> Self
  static func inverseHyperbolicCosine(_ x: Self) -> Self
  static func inverseHyperbolicTangent(_ x: Self) -> Self
}

extension Float: RealNumber {
  package static func exponential(_ x: Float) -> Float { expf(x) }
  package static func exponentialMinusOne(_ x: Float) -> Float { expm1f(x) }
  package static func logarithm(_ x: Float) -> Float { logf(x) }
  package static func logarithmOfOnePlus(_ x: Float) -> Float { log1pf(x) }
  package static func power(_ x: Float, _ y: Float) -> Float { powf(x, y) }
  package static func errorFunction(_ x: Float) -> Float { erff(x) }
  package static func complementaryErrorFunction(_ x: Float) -> Float { erfcf(x) }
  package static func sine(_ x: Float) -> Float { sinf(x) }
  package static func cosine(_ x: Float) -> Float { cosf(x) }
  package static func tangent(_ x: Float) -> Float { tanf(x) }
  package static func arcSine(_ x: Float) -> Float { asinf(x) }
  package static func arcCosine(_ x: Float) -> Float { acosf(x) }
  package static func arcTangent(_ x: Float) -> Float { atanf(x) }
  package static func arcTangent(_ y: Float, _ x: Float) -> Float { atan2f(y, x) }
  package static func hyperbolicSine(_ x: Float) -> Float { sinhf(x) }
  package static func hyperbolicCosine(_ x: Float) -> Float { coshf(x) }
  package static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
  package static func inverseHyperbolicSine(_ x: Float) -> Float { asinhf(x) }
  package static func inverseHyperbolicCosine(_ x: Float) -> Float { acoshf(x) }
  package static func inverseHyperbolicTangent(_ x: Float) -> Float { atanhf(x) }
}

extension Double: RealNumber {
  package static func exponential(_ x: Double) -> Double { exp(x) }
  package static func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
  package static func logarithm(_ x: Double) -> Double { log(x) }
  package static func logarithmOfOnePlus(_ x: Double) -> Double { log1p(x) }
  package static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  package static func errorFunction(_ x: Double) -> Double { erf(x) }
  package static func complementaryErrorFunction(_ x: Double) -> Double { erfc(x) }
  package static func sine(_ x: Double) -> Double { sin(x) }
  package static func cosine(_ x: Double) -> Double { cos(x) }
  package static func tangent(_ x: Double) -> Double { tan(x) }
  package static func arcSine(_ x: Double) -> Double { asin(x) }
  package static func arcCosine(_ x: Double) -> Double { acos(x) }
  package static func arcTangent(_ x: Double) -> Double { atan(x) }
  package static func arcTangent(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
  package static func hyperbolicSine(_ x: Double) -> Double { sinh(x) }
  package static func hyperbolicCosine(_ x: Double) -> Double { cosh(x) }
  package static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  package static func inverseHyperbolicSine(_ x: Double) -> Double { asinh(x) }
  package static func inverseHyperbolicCosine(_ x: Double) -> Double { acosh(x) }
  package static func inverseHyperbolicTangent(_ x: Double) -> Double { atanh(x) }
}
