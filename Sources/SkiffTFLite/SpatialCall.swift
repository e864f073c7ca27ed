import SkiffBinary
import SkiffIR
import SkiffOperators

/// A windowed operator on its way into the format, which knows two spatial axes and the paddings SAME and VALID.
///
/// One spatial axis becomes two by an axis of size 1 before it, and a padding that is neither becomes an operator of
/// its own.
struct SpatialCall {
  /// What is put where nothing was.
  enum Fill {
    case zero
    /// The least number, which no maximum picks.
    case lowest
  }

  private let writer: NodeWriter
  private let isFlat: Bool
  private let window: Window
  private var input: Int
  private var padding = "VALID"

  /// The steps along height and width.
  let strides: [Int]
  /// The distances of elements under the window along height and width.
  let dilations: [Int]

  init(_ writer: NodeWriter, _ window: Window) throws(ModelError) {
    guard (1...2).contains(window.size.count) else {
      throw ModelError(.unsupported, "windows over \(window.size.count) axes")
    }
    self.writer = writer
    self.window = window
    isFlat = window.size.count == 1
    strides = isFlat ? [1] + window.strides : window.strides
    dilations = isFlat ? [1] + window.dilations : window.dilations
    input = try writer.required(0)
    if isFlat { input = try writer.inserted(input, axis: 1) }
  }

  /// Chooses the padding; pads explicitly where SAME or VALID cannot say it.
  ///
  /// - Parameter isCounted: Whether the padding counts as elements, which that of SAME does not.
  mutating func pad(with fill: Fill, isCounted: Bool = false) throws(ModelError) {
    if window.padding == .sameUpper, !isCounted {
      padding = "SAME"
      return
    }
    if window.padding == .explicit, window.pads.allSatisfy({ $0 == 0 }) { return }
    let shape = try writer.type(0).shape
    let sizes = (1...window.size.count).map { shape[$0].fixed }
    let space = sizes.compactMap(\.self)
    // At every element a window has the same around it, whatever the size.
    let isEverywhere = sizes.indices.allSatisfy { sizes[$0] != nil || window.strides[$0] == 1 }
    guard isEverywhere || window.padding == .explicit else {
      throw ModelError(.unsupported, "a padding that depends on sizes which are not fixed")
    }
    if space.count == sizes.count, !isCounted, try window.isSame(space) {
      padding = "SAME"
      return
    }
    let amounts = window.padAmounts(space.count == sizes.count ? space : sizes.map { $0 ?? 1 })
    guard amounts.allSatisfy({ $0.begin >= 0 && $0.end >= 0 }) else {
      throw ModelError(.unsupported, "a negative padding", at: Location(attribute: "pads"))
    }
    let pairs = [[0, 0]] + (isFlat ? [[0, 0]] : []) + amounts.map { [$0.begin, $0.end] } + [[0, 0]]
    input = try writer.padded(input, pairs, lowest: fill == .lowest)
  }

  /// Weights `[outputs, window…, channels]` over two axes.
  func weights(_ tensor: Int, _ sizes: [Int]) throws(ModelError) -> Int {
    isFlat ? try writer.reshaped(tensor, to: [sizes[0], 1] + sizes.dropFirst()) : tensor
  }

  func options(_ table: String) -> FlatObject {
    FlatObject(table, ["stride_h": .integer(strides[0]), "stride_w": .integer(strides[1])])
      .setting("padding", to: padding)
  }

  func poolOptions(_ window: Window) -> FlatObject {
    var options = options("Pool2DOptions")
    options["filter_height"] = .integer(isFlat ? 1 : window.size[0])
    options["filter_width"] = .integer(window.size[window.size.count - 1])
    return options
  }

  /// Emits the operator, whose further operands are `operands`, with its clamp.
  ///
  /// - Parameter factors: What the result is multiplied with before the clamp, a number for each position.
  func emit(
    _ name: String, _ operands: [Int], _ activation: FusedActivation, options: FlatObject,
    times factors: [Float]? = nil
  ) throws(ModelError) {
    let result = try writer.result(0)
    let wide = isFlat ? try writer.temporary(like: result, inserting: 1) : result
    let clamp = FusedActivation.formatNames[activation] ?? "NONE"
    if let factors {
      let type = writer.exporter.types[wide]
      let sums = try writer.temporary(type)
      try writer.emit(name, [input] + operands, [sums], options)
      let sizes = [1] + type.shape.dimensions[1...2].map { $0.fixed ?? 1 } + [1]
      let constant = try writer.exporter.addUnnamed(Tensor(factors, shape: sizes).cast(to: type.dataType))
      try writer.emit(
        "MUL", [sums, constant], [wide],
        FlatObject("MulOptions").setting("fused_activation_function", to: clamp))
    } else {
      try writer.emit(
        name, [input] + operands, [wide], options.setting("fused_activation_function", to: clamp))
    }
    if isFlat { try writer.emitRemoval(of: 1, from: wide, to: result) }
  }
}
