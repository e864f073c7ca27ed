import ArgumentParser
import Skiff
import SkiffBinary
import SkiffCompression

/// `skiff convert in -o out`.
struct Convert: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Converts a model to another format, quantizes it, and proves the result.",
    discussion: """
      The ending of the output's name chooses its format: .skiff, .tflite or .onnx. What the certificate does not hold for \
      stays in the output, to be looked at, and the command ends with 2.
      """)

  enum InterfaceType: String, ExpressibleByArgument, CaseIterable { case float, int8, int16 }
  enum Layout: String, ExpressibleByArgument, CaseIterable { case keep, nhwc }

  @Argument(help: "The model to convert.") var input: String
  @Option(name: .shortAndLong, help: "The file to write.") var output: String
  @OptionGroup var modelOptions: ModelOptions

  @OptionGroup var passOptions: PassOptions

  @Option(
    help:
      "Quantizes weights to int8 and activations to int8 or int16, or as the model runs (dynamic, without samples)."
  )
  var quantize: Int8Quantization.Activations?
  @Option(help: "Samples (.npz by input name, or .npy) that ranges are taken from, batch first.")
  var calibrate: String?
  @Option(
    help: "The share of elements, in percent, that a range holds; 100 takes the least and the greatest.")
  var percentile: Double?
  @Option(
    help:
      "How ranges are found: \(RangeEstimation.syntax). By default percentile 99.99, or min-max for int16.")
  var range: RangeEstimation?
  @Option(help: "Keeps a node in floating point. May be repeated.") var exclude: [String] = []
  @Flag(help: "Gives the weights of fully connected operators one scale instead of one for each output.")
  var perTensorFullyConnected = false
  @Option(help: "The type of inputs and outputs of a quantized model.") var io = InterfaceType.float
  @Option(help: "The layout of inputs and outputs.") var layout = Layout.keep
  @Flag(help: "Stores real weights in 16 bits (.tflite, .onnx).") var float16 = false
  @Flag(help: "Stores constants as they are in memory, larger but used where they are in the file (.skiff).")
  var dense = false
  @Option(
    help: "Stores this many of the samples with their outputs in the file (.skiff); `skiff check` runs them.")
  var examples = 0

  @Flag(inversion: .prefixedNo, help: "Reads the file back and compares it with the source.") var check = true
  @Option(help: "Samples to check with; by default those of the calibration.") var checkSamples: String?
  @OptionGroup var thresholdOptions: ThresholdOptions
  @Option(help: "The greatest error of the same arithmetic, as a part of the output's range.") var maxError:
    Double?
  @Flag(help: "Prints JSON.") var json = false

  var writtenFile: String? { output }

  func validate() throws {
    if let quantize, quantize != .dynamic, calibrate == nil {
      throw ValidationError("--quantize needs --calibrate with samples.")
    }
    guard quantize != .dynamic || range == nil && percentile == nil else {
      throw ValidationError(
        "--range and --percentile are not for dynamic activations, which have the range of each run.")
    }
    guard io == .float || io.rawValue == quantize?.rawValue else {
      throw ValidationError("--io takes float, or what --quantize says.")
    }
    if quantize == nil, calibrate != nil || io != .float {
      throw ValidationError("--calibrate and --io go with --quantize.")
    }
    guard examples >= 0, examples == 0 || calibrate != nil || checkSamples != nil else {
      throw ValidationError("--examples takes a number of samples of --check-samples or --calibrate.")
    }
    if quantize == nil,
      !exclude.isEmpty || perTensorFullyConnected || thresholdOptions.isGiven
    {
      throw ValidationError(
        "--exclude, --per-tensor-fully-connected, --min-sqnr, --min-cosine and --min-top1 go with --quantize."
      )
    }
    guard maxError.map({ $0 >= 0 && $0.isFinite }) ?? true else {
      throw ValidationError("--max-error takes a positive number.")
    }
    guard range == nil || percentile == nil else {
      throw ValidationError("--percentile and --range exclude each other.")
    }
    guard range == nil || quantize != nil else { throw ValidationError("--range goes with --quantize.") }
    guard percentile.map({ $0 > 50 && $0 <= 100 }) ?? true else {
      throw ValidationError("--percentile takes a number above 50, up to 100.")
    }
  }

  /// Nil for the usual one.
  private var estimation: RangeEstimation? {
    if let range { return range }
    return percentile.map { $0 == 100 ? .minMax : .percentile($0) }
  }

  func run() throws {
    _ = try ModelFormat.target(for: output)
    try modelOptions.refuse(writing: [output], over: [input, calibrate, checkSamples])
    let passes = try passOptions.selection()
    var model = try modelOptions.model(at: input)
    model.passes = passes
    model.changesInterfaceLayout = layout == .nhwc
    let progress = ProgressLine()
    var compression: CompressionReport?
    let samples = try calibrate.map { path throws(ModelError) in try Samples(contentsOf: path) }
    if let quantize {
      var options = Int8Quantization()
      options.activations = quantize
      options.quantizesInputs = io != .float
      options.quantizesOutputs = io != .float
      options.excludedNodes = Set(exclude)
      if perTensorFullyConnected { options.fullyConnectedWeights = .perTensor }
      let method = Compression.int8(
        calibratedOn: samples, estimation: estimation,
        quantization: options)
      compression = try locating(Location(file: input)) { () throws(ModelError) in
        try model.compress(method, progress: progress.show)
      }
    }
    if examples > 0, let samples = try checkedSamples(samples) {
      try model.keepExamples(examples, of: samples)
    }
    var options = WritingOptions()
    options.storesFloat16 = float16
    options.storesDensely = dense
    try model.write(to: output, options: options)
    let certificate = check ? try certificate(of: model, options, samples, progress) : nil
    progress.clear()
    try ConversionReport(from: input, to: output, model, compression, certificate).show(asJSON: json)
    if certificate?.holds == false { throw CommandExit.checkFailed }
  }

  /// The certificate of what was written; a model that cannot be run, so not be checked either, is an error.
  private func certificate(
    of model: Model, _ options: WritingOptions, _ samples: Samples?, _ progress: ProgressLine
  ) throws(ModelError) -> Certificate {
    do throws(ModelError) {
      return try locating(Location(file: input)) { () throws(ModelError) in
        try certify(model, options, samples, progress)
      }
    } catch {
      var error = error
      error.notes.append("'\(output)' is written, but not checked")
      throw error
    }
  }

  private func certify(
    _ model: Model, _ options: WritingOptions, _ samples: Samples?, _ progress: ProgressLine
  ) throws(ModelError) -> Certificate {
    var thresholds = thresholdOptions.thresholds
    if let maxError { thresholds.relativeError = maxError }
    if float16 { thresholds.relativeError = max(thresholds.relativeError, 1e-2) }
    let checked = try checkedSamples(samples)
    return try Certificate(
      of: model, writtenTo: output, options: options, samples: checked, thresholds: thresholds,
      progress: progress.show)
  }

  /// The samples to check with, by default those of the calibration.
  private func checkedSamples(_ calibration: Samples?) throws(ModelError) -> Samples? {
    guard let checkSamples else { return calibration }
    return try Samples(contentsOf: checkSamples)
  }
}

extension RangeEstimation: ExpressibleByArgument {}
extension Int8Quantization.Activations: ExpressibleByArgument {}
