import SkiffIR
import SkiffOperators

/// What a graph is lowered for: which nodes stay, since the target has their operators.
public struct LoweringTarget: Sendable {
  /// Whether the target computes with integers, where only expressions that lose little to rounding are wanted.
  let computesWithIntegers: Bool
  /// Whether these integers have 16 bits, to which any expression loses little.
  private(set) var roundsFinely = false
  /// Whether the target computes with real numbers of 16 and of 64 bits too.
  let computesWithAllReals: Bool
  /// Whether the target takes any padding as numbers.
  let listsPaddings: Bool
  /// Whether the target has the operator of a node in this form.
  let has: @Sendable (Node, Graph) -> Bool

  /// Creates a target that has the nodes for which `has` holds.
  ///
  /// - Parameters:
  ///   - computesWithAllReals: Whether it computes with real numbers of 16 and of 64 bits too.
  ///   - listsPaddings: Whether it takes any padding as numbers.
  public init(
    computesWithAllReals: Bool = false, listsPaddings: Bool = false,
    has: @escaping @Sendable (Node, Graph) -> Bool
  ) {
    self.computesWithAllReals = computesWithAllReals
    self.listsPaddings = listsPaddings
    computesWithIntegers = false
    self.has = has
  }

  private init(computesWithIntegers: Bool, has: @escaping @Sendable (Node, Graph) -> Bool) {
    (computesWithAllReals, listsPaddings) = (false, false)
    self.computesWithIntegers = computesWithIntegers
    self.has = has
  }

  /// The integer kernels, in the forms that TensorFlow Lite has too.
  public static let int8 = LoweringTarget(computesWithIntegers: true) { node, graph in
    let rank = node.inputs.first.flatMap(\.self).flatMap { graph[$0].type?.rank } ?? 0
    return switch node.operator {
    case let clip as Clip:
      node.inputs.count(where: { $0 != nil }) == 1
        && (clip.minimum == 0 && [nil, 1, 6].contains(clip.maximum)
          || clip.minimum == -1 && clip.maximum == 1)
    case let elu as Elu: elu.alpha == 1
    case let pool as AveragePool: !pool.countsExplicitPadding && rank <= 4
    case is MaxPool: rank <= 4
    case let convolution as TransposedConvolution:
      convolution.groups == 1 && convolution.dilations.allSatisfy { $0 == 1 }
    default: node.operator is any QuantizedKernel || node.operator is any DataMovement
    }
  }
}

extension LoweringTarget {
  /// The integer kernels that also take 16 bits.
  public static let int16 = {
    var target = LoweringTarget(computesWithIntegers: true) { node, graph in
      switch node.operator {
      case is HardSwish, is Elu: false
      case let clip as Clip: clip.minimum == 0 && [nil, 6].contains(clip.maximum) && int8.has(node, graph)
      default: int8.has(node, graph)
      }
    }
    target.roundsFinely = true
    return target
  }()
}

extension Pipeline {
  /// Replaces the operators and real numbers that a target lacks by expressions of those that it has.
  public static func lowering(for target: LoweringTarget) -> Pipeline {
    var passes: [any Pass] = [
      RewritePass(
        UnrollRecurrent(for: target), LowerDynamicQuantization(target: target), Lower(for: target)),
      FoldConstants(),
      MergeEqualNodes(),
    ]
    if !target.computesWithAllReals { passes.insert(ComputeInFloat32(), at: 0) }
    if !target.listsPaddings { passes.append(RewritePass(NamePadding())) }
    // Bodies are not quantized.
    return Pipeline(selected: passes, entersBodies: !target.computesWithIntegers)
  }
}
