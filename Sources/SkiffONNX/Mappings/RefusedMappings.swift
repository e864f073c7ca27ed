import SkiffBinary
import SkiffIR

/// Operators that have no result to compare with, or none that a network computes: each is refused with its reason.
enum RefusedMappings {
  static let rows: [Mapping] =
    ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"]
    .map { refused($0, because: "it draws random numbers") }
    + [refused("ImageDecoder", because: "it reads compressed images")]
    + ["Adagrad", "Adam", "Gradient", "Momentum"]
    .map { refused($0, domain: "ai.onnx.preview.training", because: "it is for training") }

  private static func refused(_ name: String, domain: String = "", because reason: String) -> Mapping {
    Mapping(name, domain: domain) { (_) throws(ModelError) in throw ModelError(.unsupported, reason) }
  }
}
