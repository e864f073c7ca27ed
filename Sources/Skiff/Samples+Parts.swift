import SkiffBinary
import SkiffIR

extension Samples {
  /// The samples without one array, and that array: the labels beside the inputs.
  ///
  /// - Returns: nil if there is no such array.
  public func separating(_ name: String) -> (samples: Samples, array: Tensor)? {
    guard let array = arrays.first(where: { $0.name == name })?.tensor else { return nil }
    return (Samples(arrays.filter { $0.name != name }, file: file), array)
  }

  /// The number of samples: the least size of a first axis.
  public var count: Int { arrays.compactMap(\.tensor.shape.first).min() ?? 0 }

  /// Some of the samples.
  public func part(_ range: Range<Int>) throws(ModelError) -> Samples {
    var parts: [(name: String?, tensor: Tensor)] = []
    for (name, tensor) in arrays { parts.append((name, try tensor.rows(range))) }
    return Samples(parts, file: file)
  }
}

extension Tensor {
  /// What is at some places of the first axis; a single number is everywhere.
  package func rows(_ range: Range<Int>) throws(ModelError) -> Tensor {
    guard let size = shape.first else { return self }
    guard range.lowerBound >= 0, range.upperBound <= size else {
      throw ModelError(.invalidArgument, "there are \(size) samples, none at \(range)")
    }
    let each = size == 0 ? 0 : bytes.count / size
    return try Tensor(
      dataType, shape: [range.count] + shape.dropFirst(), quantization: quantization,
      bytes: bytes.slice(offset: range.lowerBound * each, count: range.count * each))
  }
}
