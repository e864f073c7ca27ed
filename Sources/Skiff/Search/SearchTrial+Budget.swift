import SkiffBinary

extension SearchTrial {
  /// The best plan that keeps a budget.
  ///
  /// The path is bisected: each plan on it is smaller than the one before, and as a rule worse. Then single tensors go a step further
  /// than the path has them.
  ///
  /// - Throws: ``ModelError/Code/checkFailed`` if none does.
  func outcome(_ budget: CompressionSearch.Budget) throws(ModelError) -> CompressionSearch.Outcome {
    let path = try path()
    let (careful, smallest) = (path.corners(0), path.corners(path.count - 1))
    // From the plan that keeps the budget, if any does, towards the one that is wanted.
    let (kept, wanted) = if case .loss = budget { (careful, smallest) } else { (smallest, careful) }
    let start = try candidate(kept, of: path)
    guard keeps(budget, start) else {
      let what =
        isCutShort ? "in this time no plan was found that keeps the budget" : "no plan keeps the budget"
      throw ModelError(
        .checkFailed, "\(what): the best for it takes \(start.bytes) bytes and loses \(start.loss)")
    }
    var corners = kept
    if hasTime {
      corners = try keeps(budget, candidate(wanted, of: path)) ? wanted : between(kept, wanted, budget, path)
    }
    try refine(&corners, budget, path)
    let best = candidates.filter { keeps(budget, $0) }.min { isBetter(budget, $0, $1) } ?? start
    return CompressionSearch.Outcome(
      recipe: try recipe(of: best), best: best, candidates: candidates, isCutShort: isCutShort,
      sourceScore: evaluation.scoreOfSource)
  }

  /// Between a plan that keeps the budget and one that does not, the one furthest towards the latter that does.
  private func between(
    _ kept: [Int], _ broken: [Int], _ budget: CompressionSearch.Budget, _ path: PlanPath
  ) throws(ModelError) -> [Int] {
    var (kept, broken) = (kept.reduce(0, +), broken.reduce(0, +))
    while abs(kept - broken) > 1, hasTime {
      let middle = (kept + broken) / 2
      if keeps(budget, try candidate(path.corners(middle), of: path)) {
        kept = middle
      } else {
        broken = middle
      }
    }
    return path.corners(kept)
  }

  /// Lets single tensors go a step further, those first that cost the least for a byte, as long as it helps.
  private func refine(
    _ corners: inout [Int], _ budget: CompressionSearch.Budget, _ path: PlanPath
  ) throws(ModelError) {
    var best = try candidate(corners, of: path)
    var open = Set(corners.indices)
    let step = if case .loss = budget { 1 } else { -1 }
    for _ in 0..<min(64, 3 * corners.count) where hasTime {
      /// What the step costs for each byte, or saves.
      func slope(_ unit: Int) -> Double? {
        path.slope(unit, to: corners[unit] + max(step, 0)).map { Double(step) * $0 }
      }
      let next = open.compactMap { unit in slope(unit).map { (slope: $0, unit: unit) } }
        .min { ($0.slope, $0.unit) < ($1.slope, $1.unit) }
      guard let unit = next?.unit else { return }
      var further = corners
      further[unit] += step
      let found = try candidate(further, of: path)
      if keeps(budget, found), isBetter(budget, found, best) {
        (corners, best) = (further, found)
      } else {
        open.remove(unit)
      }
    }
  }

  private func keeps(_ budget: CompressionSearch.Budget, _ candidate: CompressionSearch.Candidate) -> Bool {
    switch budget {
    case .loss(let limit): candidate.loss <= limit
    case .bytes(let limit): candidate.bytes <= limit
    }
  }

  private func isBetter(
    _ budget: CompressionSearch.Budget, _ a: CompressionSearch.Candidate, _ b: CompressionSearch.Candidate
  ) -> Bool {
    switch budget {
    case .loss: (Double(a.bytes), a.loss) < (Double(b.bytes), b.loss)
    case .bytes: (a.loss, Double(a.bytes)) < (b.loss, Double(b.bytes))
    }
  }
}
