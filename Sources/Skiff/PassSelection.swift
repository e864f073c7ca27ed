import SkiffBinary
import SkiffIR
import SkiffPasses

/// Which of the passes run that simplify a graph and store it with its channels last.
///
/// What a format needs of them is not known here: a model that is written without them may be refused.
public struct PassSelection: Hashable, Sendable {
  /// The names of the passes that run; nil for all.
  private let chosen: Set<String>?
  /// The name of the last pass that runs; nil for the last of all.
  private let last: String?

  /// Every pass.
  public static let all = PassSelection(chosen: nil, last: nil)

  /// The names of all passes in the order in which they run first.
  public static var names: [String] {
    var known: Set<String> = []
    return (Pipeline.canonical.names + Pipeline.channelsLast().names).filter { known.insert($0).inserted }
  }

  /// Chooses passes by name.
  ///
  /// - Parameters:
  ///   - names: Those that run; nil for all.
  ///   - last: The pass after whose first run nothing else runs; nil for none.
  /// - Throws: ``ModelError/Code/invalidArgument`` naming one that is not known.
  public init(names: [String]? = nil, stoppingAfter last: String? = nil) throws(ModelError) {
    let known = Self.names
    for name in (names ?? []) + [last].compactMap(\.self) where !known.contains(name) {
      throw ModelError(
        .invalidArgument, "no pass is called '\(name)'",
        notes: ["the passes are \(known.joined(separator: ", "))"])
    }
    self.init(chosen: names.map(Set.init), last: last)
  }

  private init(chosen: Set<String>?, last: String?) {
    self.chosen = chosen
    self.last = last
  }

  /// The selected parts of pipelines that run one after the other.
  func applied(to pipelines: [Pipeline]) -> [Pipeline] {
    var result: [Pipeline] = []
    for pipeline in pipelines {
      let stopped = last.flatMap { pipeline.stopping(after: $0) }
      result.append((stopped ?? pipeline).filtered { chosen?.contains($0) ?? true })
      if stopped != nil { break }
    }
    return result
  }
}
