import SkiffCompression
import Testing

/// The activations of most operators of a test's network, and whether some have the others.
struct IntegerMode: Sendable, CustomTestStringConvertible {
  let activations: Int8Quantization.Activations
  var isMixed = false
  /// Whether activations of 8 bits have no zero points.
  var isSymmetric = false

  var testDescription: String {
    "\(isSymmetric ? "symmetric " : "")\(activations)\(isMixed ? ", mixed" : "")"
  }

  /// What all operators have.
  var quantization: Int8Quantization {
    var quantization = Int8Quantization()
    (quantization.activations, quantization.hasSymmetricActivations) = (activations, isSymmetric)
    return quantization
  }
}
