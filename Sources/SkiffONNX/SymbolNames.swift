import SkiffBinary
import SkiffIR

/// The names that the dynamic dimensions of a model's inputs get.
///
/// A `dim_param` names one symbol wherever it occurs, unless it has no letter or digit: Paddle writes `?` for any
/// dimension that is not known. Those, and dimensions without a value or with one below 1, get a symbol of their own
/// that is named after the input and the axis.
struct SymbolNames {
  private var names: [String: String] = [:]
  private var taken: Set<String> = []

  /// Keeps the names that a type uses, so that no made-up symbol gets one of them.
  mutating func reserve(_ type: ONNXType?) {
    guard case .tensor(_, let shape?) = type else { return }
    for case .symbol(let parameter) in shape where names[parameter] == nil && Self.isName(parameter) {
      names[parameter] = unique(parameter)
    }
  }

  /// The type of an input.
  mutating func type(of input: ONNXValueInfo, limits: Limits) throws(ModelError) -> TensorType {
    guard case .tensor(let element, let shape) = input.type else {
      throw ModelError(.unsupported, "the input is not a tensor")
    }
    guard let dataType = ElementTypes.dataType(element) else {
      throw ModelError(.malformed, "there is no element type \(element)")
    }
    guard let shape else { throw ModelError(.unsupported, "the rank of the input is not stated") }
    guard shape.count <= limits.rank else {
      throw ModelError(.limitExceeded, "rank \(shape.count) is beyond the limit of \(limits.rank)")
    }
    var dimensions: [Shape.Dimension] = []
    for (axis, dimension) in shape.enumerated() {
      switch dimension {
      case .size(let size) where size > 0: dimensions.append(.fixed(size))
      case .symbol(let parameter) where names[parameter] != nil:
        dimensions.append(.symbol(names[parameter] ?? parameter))
      default: dimensions.append(.symbol(unique("\(input.name)_\(axis)")))
      }
    }
    return TensorType(dataType, Shape(dimensions))
  }

  private static func isName(_ parameter: String) -> Bool {
    parameter != "None" && parameter.contains { $0.isLetter || $0.isNumber } && Int(parameter) == nil
  }

  /// A name of letters, digits and underscores that no other symbol has.
  private mutating func unique(_ wish: String) -> String {
    var base = String(wish.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    if base.first?.isNumber ?? true { base = "d" + base }
    var name = base
    var suffix = 1
    while !taken.insert(name).inserted {
      name = "\(base)_\(suffix)"
      suffix += 1
    }
    return name
  }
}
