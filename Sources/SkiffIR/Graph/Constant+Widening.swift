import SkiffBinary

extension Constant {
  /// The constant before its elements become wider real numbers, moved as they are in the end, and the step that widens them.
  /// Nil if none does, or if more is still to be done.
  package var widened: (narrow: Constant, step: Transform)? {
    let steps = transforms.filter(\.widens)
    guard steps.count == 1, transforms.allSatisfy({ $0.widens || $0.moves }) else { return nil }
    var narrow = self
    narrow.removeTransforms()
    for transform in transforms where transform.moves {
      guard let moved = try? narrow.transformed(by: transform) else { return nil }
      narrow = moved
    }
    guard (try? narrow.widened(to: type)) != nil else { return nil }
    return (narrow, steps[0])
  }

  /// The constant with one more step that makes it one of a wider type; nil if there is no such step.
  package func widened(to type: TensorType) throws(ModelError) -> Constant? {
    let step: Transform = self.type.isQuantized ? .dequantize : .cast(type.dataType)
    guard self.type.isQuantized || self.type.dataType.isFloatingPoint, type.dataType.isFloatingPoint,
      self.type.dataType.bitWidth < type.dataType.bitWidth
    else { return nil }
    let result = try transformed(by: step)
    return result.type == type ? result : nil
  }
}

extension Constant.Transform {
  /// Whether the step only moves elements.
  fileprivate var moves: Bool {
    switch self {
    case .reshape, .permute: true
    default: false
    }
  }

  /// Whether the step can make numbers of fewer bits real numbers of more.
  fileprivate var widens: Bool {
    switch self {
    case .dequantize: true
    case .cast(let dataType): dataType.isFloatingPoint
    default: false
    }
  }
}
