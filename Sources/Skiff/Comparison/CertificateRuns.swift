import SkiffIR
import SkiffInterpreter

/// What a certificate compares: the file with the graph in memory and with the source.
struct CertificateRuns {
  /// The graph in memory against the file, nil if the file has just that graph.
  let copy: Comparison?
  /// The source against the file.
  let comparison: Comparison
  /// The same on inputs of other sizes than a lower precision was made for, of which nothing is known but that they can be run.
  let untypical: Comparison?

  init(
    of model: Model, file: Model, _ form: WrittenForm, on inputs: CheckInputs, isLowerPrecision: Bool,
    _ progress: WorkProgress.Observer?
  ) throws(ModelError) {
    let runs = inputs.runs
    let copies =
      try form.isSameGraph
      ? []
      : [
        SideBySide(
          reference: form.stored, candidate: form.written, runs: model.reordered(runs), plainRuns: 0,
          optionalRun: inputs.pairRun)
      ]
    let run = form.runsInRealNumbers ? file.graph : form.written
    let typical = isLowerPrecision ? inputs.typicalCount : runs.count
    let original = try SideBySide(
      reference: model.source, candidate: run, runs: Array(runs[..<typical]), orders: model.interfaceOrders,
      watchedRuns: 4, optionalRun: inputs.pairRun)
    let others =
      try typical == runs.count
      ? []
      : [
        SideBySide(
          reference: model.source, candidate: run, runs: Array(runs[typical...]),
          orders: model.interfaceOrders, plainRuns: 0)
      ]
    do throws(ModelError) {
      // What is compared together shares the runs of one candidate.
      let comparisons =
        try form.runsInRealNumbers
        ? Comparison.all(copies, progress) + Comparison.all([original], progress)
        : Comparison.all(copies + [original], progress)
      copy = copies.isEmpty ? nil : comparisons[0]
      comparison = comparisons[copies.count]
      untypical = try Comparison.all(others, progress).first
    } catch {
      throw inputs.refusal(by: model.source) ?? error
    }
  }
}
