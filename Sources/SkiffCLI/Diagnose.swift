import ArgumentParser
import Skiff
import SkiffBinary

/// `skiff diagnose source compressed`.
struct Diagnose: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Says where a compressed model loses precision, or what is wrong with calibration samples.",
    discussion: """
      With a compressed model: each of its operators beside its source, those first that cost the most precision, and what to do \
      about them. With --calibrate: what the samples would do to a quantization.
      """)

  @Argument(help: "The model before it was compressed.") var source: String
  @Argument(help: "What it became, in any format.") var compressed: String?
  @OptionGroup var modelOptions: ModelOptions
  @Option(help: "Samples to run both on (.npz by input name, or .npy); by default seeded random inputs.")
  var data: String?
  @Option(help: "Samples for a calibration to look at.") var calibrate: String?
  @Option(help: "The most runs side by side.") var runs = 16
  @Option(help: "A page (.html) for the report.") var report: String?
  @Flag(help: "Prints JSON.") var json = false

  var writtenFile: String? { report }

  func validate() throws {
    guard compressed != nil || calibrate != nil else {
      throw ValidationError("There is nothing to diagnose: give a compressed model, or --calibrate.")
    }
    guard compressed != nil || data == nil else {
      throw ValidationError("--data is for running a compressed model beside its source.")
    }
    guard runs > 0 else { throw ValidationError("--runs is at least 1.") }
  }

  func run() throws {
    try modelOptions.refuse(writing: [report], over: [source, compressed, data, calibrate])
    let model = try modelOptions.model(at: source)
    let progress = ProgressLine()
    let found = try compressed.map { path throws(ModelError) in
      let compressed = try Model(contentsOf: path)
      return (compressed, try diagnosis(of: compressed, beside: model, progress))
    }
    let calibration = try calibrate.map { path throws(ModelError) in
      try CalibrationDiagnosis(of: model, samples: Samples(contentsOf: path), progress: progress.show)
    }
    progress.clear()
    if let report {
      try page(model, found, calibration).write(to: report)
    }
    if json {
      return print(JSONText.object((found?.1.jsonMembers ?? []) + (calibration?.jsonMembers ?? [])))
    }
    if let diagnosis = found?.1 { print(DiagnosisText(diagnosis).text) }
    if let calibration { print(calibration.text) }
  }

  private func diagnosis(
    of compressed: Model, beside source: Model, _ progress: ProgressLine
  ) throws(ModelError) -> Diagnosis {
    let samples = try data.map { path throws(ModelError) in try Samples(contentsOf: path) }
    return try source.diagnosis(of: compressed, samples: samples, limit: runs, progress: progress.show)
  }

  private func page(
    _ source: Model, _ found: (model: Model, diagnosis: Diagnosis)?, _ calibration: CalibrationDiagnosis?
  ) throws(ModelError) -> CompressionPage {
    var page = CompressionPage(title: "\(compressed ?? self.source)")
    if let found {
      page.addSummary(try CompressionPage.facts(source: self.source, output: found.model.path))
      page.add(found.diagnosis)
    }
    if let calibration { page.add(calibration.findings, heading: "Calibration samples") }
    if let found {
      page.add(try ByteLedger(of: found.model))
      try page.addWeights(before: source.source, after: found.model.graph)
    }
    return page
  }
}

extension CompressionPage {
  /// What files are, for the summary.
  static func facts(source: String, output: String) throws(ModelError) -> [(name: String, value: String)] {
    let before = try ByteRegion(mapping: source).count
    let after = try ByteRegion(mapping: output).count
    return [
      ("source", "\(source), \(before) bytes"),
      (
        "compressed",
        "\(output), \(after) bytes, \(after == 0 ? 0 : Float(before) / Float(after)) times smaller"
      ),
    ]
  }

  /// Writes the page, which appears whole or not at all.
  func write(to path: String) throws(ModelError) {
    var file = try OutputFile(path: path)
    try file.write(Array(html.utf8))
    try file.commit()
  }
}
