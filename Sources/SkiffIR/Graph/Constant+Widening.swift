import SkiffBinary

extension Constant {
  /// The constant before its elements become wider real numbers, moved as they are in the end, and the first step that widens
  /// them. Nil if none does, or if more is still to be done.
  package var widened: (narrow: Constant, step: Transform)? {
    transforms.indices.lazy.compactMap { self.widened(after: $0) }.first
  }

  /// The constant after some steps, if all others widen or move its elements.
  private func widened(after count: Int) -> (narrow: Constant, step: Transform)? {
    let others = transforms[count...]
    let steps = others.filter(\.widens)
    guard let first = steps.first, steps.count == 1 || steps.count == 2 && first == .dequantize,
      others.allSatisfy({ $0.widens || $0.moves })
    else { return nil }
    var narrow = self
    narrow.removeTransforms()
    for transform in transforms[..<count] + others.filter(\.moves) {
      guard let next = try? narrow.transformed(by: transform) else { return nil }
      narrow = next
    }
    guard let again = try? narrow.widened(to: type),
      again.transforms[narrow.transforms.count...].elementsEqual(steps)
    else { return nil }
    return (narrow, first)
  }

  /// The constant with steps that make it one of a wider type, integers by way of float32; nil if there are none.
  package func widened(to type: TensorType) throws(ModelError) -> Constant? {
    guard self.type.isQuantized || self.type.dataType.isFloatingPoint, type.dataType.isFloatingPoint,
      self.type.dataType.bitWidth < type.dataType.bitWidth
    else { return nil }
    var result = self
    if self.type.isQuantized { result = try result.transformed(by: .dequantize) }
    if result.type.dataType != type.dataType { result = try result.transformed(by: .cast(type.dataType)) }
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
