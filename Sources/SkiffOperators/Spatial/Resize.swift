import SkiffBinary
import SkiffIR

/// How a ``Resize`` finds the elements that an element of the result is made of.
public enum ResizeMode: String, AttributeEnumeration, CaseIterable {
  /// The nearest one.
  case nearest
  /// The neighbours on each axis, by distance.
  case linear
  /// Two neighbours on each side of each axis, by Keys' cubic convolution (1981).
  case cubic
}

/// Where an element of the result lies in the input, as ONNX names and defines it.
public enum ResizeCoordinates: String, AttributeEnumeration, CaseIterable {
  /// Centres of elements at halves: `(x + 0.5) / scale − 0.5`.
  case halfPixel
  /// Likewise around the centre of the tensor where the scaled size is not a whole number.
  case halfPixelSymmetric
  /// Like `halfPixel`, but 0 if the result has one element.
  case pytorchHalfPixel
  /// The outermost elements lie on one another: `x · (size − 1) / (resized − 1)`.
  case alignCorners
  /// `x / scale`.
  case asymmetric
  /// `(x + 0.5) / scale`; with rounding down, what TensorFlow does for the nearest element.
  case tfHalfPixelForNN
  /// Within the region of interest.
  case tfCropAndResize
}

/// Which of two elements is nearest.
public enum ResizeRounding: String, AttributeEnumeration, CaseIterable {
  /// To the nearest, halves down.
  case roundPreferFloor
  /// To the nearest, halves up.
  case roundPreferCeil
  /// Down.
  case floor
  /// Up.
  case ceil
}

/// What the wanted sizes mean.
public enum AspectRatioPolicy: String, AttributeEnumeration, CaseIterable {
  /// They are the sizes.
  case stretch
  /// The greatest scale that exceeds none of them, for all axes.
  case notLarger
  /// The least scale that falls below none of them, for all axes.
  case notSmaller
}

/// Interpolates a tensor along some axes, as ONNX specifies it from opset 10 to 19.
///
/// Either scales (float32) or sizes (integers) are given, one for each of ``axes``. The region of interest holds
/// all starts, then all ends, as shares of the size.
public struct Resize: Operator {
  public static let name = "Resize"
  public static let summary = "Interpolates a tensor along some axes."
  public static let operands: [Operand] = [
    .required("input"), .optional("region"), .optional("scales"), .optional("sizes"),
  ]
  public static let attributes: [Attribute<Resize>] = [
    Attribute("mode", \.mode, "How elements are found."),
    Attribute("coordinates", \.coordinates, "Where an element of the result lies in the input."),
    Attribute("rounding", \.rounding, "Which of two elements is nearest."),
    Attribute("axes", \.axes, "The axes that scales and sizes are for; empty for all."),
    Attribute("cubicCoefficient", \.cubicCoefficient, "The parameter of cubic interpolation."),
    Attribute(
      "excludesOutside", \.excludesOutside, "Whether elements outside weigh nothing, not as the edge."),
    Attribute("extrapolation", \.extrapolation, "The value of places outside when cropping."),
    Attribute("antialiases", \.antialiases, "Whether shrinking takes all elements in between into account."),
    Attribute("policy", \.policy, "What the wanted sizes mean."),
  ]

  /// How elements are found.
  public var mode = ResizeMode.nearest
  /// Where an element of the result lies in the input.
  public var coordinates = ResizeCoordinates.halfPixel
  /// Which of two elements is nearest.
  public var rounding = ResizeRounding.roundPreferFloor
  /// The axes that scales and sizes are for, negative ones counted from behind; empty for all.
  public var axes: [Int] = []
  /// The parameter of cubic interpolation.
  public var cubicCoefficient: Float = -0.75
  /// Whether elements outside weigh nothing, instead of being that at the edge.
  public var excludesOutside = false
  /// The value of places outside when cropping.
  public var extrapolation: Float = 0
  /// Whether shrinking takes all elements in between into account.
  public var antialiases = false
  /// What the wanted sizes mean.
  public var policy = AspectRatioPolicy.stretch

  /// Creates an operator that takes the nearest elements.
  public init() {}

  /// The axes that are resized, in the order of the operands.
  package func resizedAxes(rank: Int) throws(ModelError) -> [Int] {
    guard !axes.isEmpty else { return Array(0..<rank) }
    _ = try normalizedAxes(axes, rank: rank)
    return axes.map { $0 < 0 ? $0 + rank : $0 }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    type.quantization = nil
    let axes = try resizedAxes(rank: type.rank)
    guard context.has(2) != context.has(3) else {
      throw ModelError(.invalidGraph, "either scales or sizes must be given")
    }
    if let scales = try context.constant(2)?.floats() {
      try check(scales.count, axes)
      for (axis, scale) in zip(axes, scales) {
        type.shape[axis] = try Self.scaled(type.shape[axis], by: scale)
      }
      return [type]
    }
    guard let wanted = context.knownElements(3) else {
      for axis in axes { type.shape[axis] = .unknown }
      return [type]
    }
    try check(wanted.count, axes)
    if let sizes = Shape(wanted).fixed, let old = Shape(axes.map { type.shape[$0] }).fixed {
      for (axis, size) in zip(axes, try resized(old, to: sizes).sizes) { type.shape[axis] = .fixed(size) }
    } else {
      for (axis, size) in zip(axes, wanted) { type.shape[axis] = policy == .stretch ? size : .unknown }
    }
    return [type]
  }

  private func check(_ count: Int, _ axes: [Int]) throws(ModelError) {
    guard count == axes.count else {
      throw ModelError(.invalidGraph, "\(count) scales or sizes for \(axes.count) axes")
    }
  }

  /// `floor(size · scale)`; of a symbol only where the scale or its inverse is a whole number.
  static func scaled(_ size: Shape.Dimension, by scale: Float) throws(ModelError) -> Shape.Dimension {
    guard scale >= 0x1p-31, scale < 0x1p31 else { throw ModelError(.invalidGraph, "a scale of \(scale)") }
    if let size = size.fixed {
      guard let result = Int(exactly: (Float(size) * scale).rounded(.down)) else {
        throw ModelError(.invalidGraph, "a size beyond any number")
      }
      return .fixed(result)
    }
    if let factor = Int(exactly: scale) { return size * .fixed(factor) }
    guard let divisor = Int(exactly: 1 / scale) else { return .unknown }
    return size / divisor
  }

  /// The sizes that result from wanted ones, and their scales.
  func resized(_ old: [Int], to wanted: [Int]) throws(ModelError) -> (sizes: [Int], scales: [Float]) {
    guard wanted.allSatisfy({ $0 > 0 && $0 < 1 << 31 }), old.allSatisfy({ $0 > 0 }) else {
      throw ModelError(.invalidGraph, "\(Shape(old)) cannot become \(Shape(wanted))")
    }
    let ratios = zip(wanted, old).map { Float($0) / Float($1) }
    guard policy != .stretch else { return (wanted, ratios) }
    let scale = (policy == .notLarger ? ratios.min() : ratios.max()) ?? 1
    let sizes = old.map { Int((scale * Float($0)).rounded(.toNearestOrAwayFromZero)) }
    return (sizes, [Float](repeating: scale, count: old.count))
  }

  /// Whether scales, one for each of ``axes``, are the ratios of the sizes: the only ones that some formats know.
  package func areRatios(_ scales: [Float], of old: [Int], to new: [Int]) -> Bool {
    guard let axes = try? resizedAxes(rank: old.count), new.count == old.count else { return false }
    return zip(axes, scales).allSatisfy { abs(Float(old[$0]) * $1 - Float(new[$0])) < 1e-3 }
  }

  /// How TensorFlow Lite would find the elements for sizes on the axes 1 and 2, nil if it does not.
  package func form(from old: [Int], to new: [Int], scales: [Float]?) -> TensorFlowForm? {
    guard !antialiases, !excludesOutside, old.count == 4, new.count == 4, old[0] == new[0], old[3] == new[3],
      old.allSatisfy({ $0 > 0 }), new.allSatisfy({ $0 > 0 }),
      scales.map({ areRatios($0, of: old, to: new) }) ?? true
    else { return nil }
    let growsByWholeFactors = (1...2).allSatisfy { new[$0] % old[$0] == 0 }
    let isSingle = (1...2).contains { new[$0] == 1 }
    switch (mode, coordinates) {
    case (.nearest, .asymmetric) where rounding == .floor: return .init(isLinear: false)
    case (.nearest, .alignCorners) where rounding == .roundPreferCeil:
      return .init(isLinear: false, alignsCorners: true)
    case (.nearest, .tfHalfPixelForNN) where rounding == .floor:
      return .init(isLinear: false, hasHalfPixels: true)
    // The element whose copies these are, however centres are rounded.
    case (.nearest, .halfPixel), (.nearest, .halfPixelSymmetric), (.nearest, .pytorchHalfPixel):
      guard growsByWholeFactors, rounding == .roundPreferFloor || rounding == .roundPreferCeil else {
        return nil
      }
      return .init(isLinear: false)
    case (.linear, .asymmetric): return .init(isLinear: true)
    case (.linear, .alignCorners): return .init(isLinear: true, alignsCorners: true)
    case (.linear, .halfPixel), (.linear, .halfPixelSymmetric):
      return .init(isLinear: true, hasHalfPixels: true)
    case (.linear, .pytorchHalfPixel) where !isSingle: return .init(isLinear: true, hasHalfPixels: true)
    default: return nil
    }
  }
}

/// A ``Resize`` in the terms of TensorFlow Lite.
package struct TensorFlowForm: Hashable, Sendable {
  /// Whether neighbours are interpolated; else the nearest is taken.
  package var isLinear: Bool
  /// Whether the outermost elements lie on one another.
  package var alignsCorners = false
  /// Whether centres of elements are at halves.
  package var hasHalfPixels = false
}
