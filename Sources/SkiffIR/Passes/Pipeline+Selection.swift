extension Pipeline {
  /// The names of the passes, and in place of one that applies rewrites those of its rewrites, in their order.
  public var names: [String] { passes.flatMap(Self.names) }

  /// The pipeline with the passes and rewrites for which `keeps` holds.
  public func filtered(_ keeps: (String) -> Bool) -> Pipeline {
    Pipeline(
      selected: passes.compactMap { pass in
        guard let rewriting = pass as? RewritePass else { return keeps(type(of: pass).name) ? pass : nil }
        let kept = rewriting.rewrites.filter { keeps(type(of: $0).name) }
        return kept.isEmpty ? nil : RewritePass(kept)
      }, entersBodies: entersBodies)
  }

  /// The pipeline up to the first pass or rewrite of this name; nil if there is none.
  public func stopping(after name: String) -> Pipeline? {
    guard let last = passes.firstIndex(where: { Self.names($0).contains(name) }) else { return nil }
    var kept = Array(passes[...last])
    if let rewriting = passes[last] as? RewritePass {
      let end = rewriting.rewrites.firstIndex { type(of: $0).name == name } ?? 0
      kept[last] = RewritePass(Array(rewriting.rewrites[...end]))
    }
    return Pipeline(selected: kept, entersBodies: entersBodies)
  }

  private static func names(_ pass: any Pass) -> [String] {
    guard let rewriting = pass as? RewritePass else { return [type(of: pass).name] }
    return rewriting.rewrites.map { type(of: $0).name }
  }
}
