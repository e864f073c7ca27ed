import SkiffBinary
import SkiffIR
import SkiffOperators

let spectrogramMappings: [LayerMapping] = [
  LayerMapping("STFTSpectrogram", variables: spectrumVariables) { (call) throws(ModelError) in
    try Spectrogram(call).result()
  },
  LayerMapping("MelSpectrogram", melSpectrogram),
]

private func spectrumVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  let mode = try settings.string("mode", default: "log")
  return (mode == "imag" ? [] : [KerasVariable("real_kernel")])
    + (mode == "real" ? [] : [KerasVariable("imag_kernel")])
}

/// The spectrum of overlapping frames of each channel, by convolutions with the cosines and sines that are its variables.
private struct Spectrogram {
  let call: LayerCall
  let mode: String
  let channels: Int
  /// How many frequencies there are.
  let bins: Int

  init(_ call: LayerCall) throws(ModelError) {
    self.call = call
    mode = try call.settings.string("mode", default: "log")
    // Keras itself cannot run the other order without an accelerator.
    guard try call.channelLayout() == .last else { throw call.settings.unsupported("data_format") }
    channels = try call.size(of: call.spatialInput(rank: 1), axis: 2)
    let length = try call.settings.integer("frame_length", default: 256)
    var size = 1
    while size < length { size *= 2 }
    bins = try call.settings.integer("fft_length", default: size) / 2 + 1
  }

  /// Frames and frequencies in the axes that the settings ask for.
  func result() throws(ModelError) -> ValueID {
    let signals = try signals()
    return try arranged(spectrum { (kernel) throws(ModelError) in try convolution(signals, kernel) })
  }

  /// The channels as signals of their own: `[batch × channels, length, 1]`.
  private func signals() throws(ModelError) -> ValueID {
    let input = try call.input()
    guard channels > 1 else { return input }
    let moved = try call.add(Transpose([0, 2, 1]), input, part: "channels")
    return try call.reshape(moved, [-1, call.size(of: moved, axis: 2), 1], part: "signals")
  }

  private func convolution(_ signals: ValueID, _ kernel: String) throws(ModelError) -> ValueID {
    let length = try call.settings.integer("frame_length", default: 256)
    var operator_ = Convolution()
    operator_.layout = .last
    operator_.strides = [try call.settings.integer("frame_step", default: max(1, length / 2))]
    switch try call.settings.string("padding", default: "valid") {
    case "valid": break
    case "same": operator_.padding = .sameUpper
    default: throw call.settings.unsupported("padding")
    }
    let weights = try call.variable(
      kernel, [length, 1, bins], .permute(weightPermutation(rank: 1, .last)))
    return try call.add(operator_, signals, weights, part: kernel)
  }

  /// What the mode makes of the real and the imaginary parts.
  private func spectrum(
    _ part: (String) throws(ModelError) -> ValueID
  ) throws(ModelError) -> ValueID {
    if mode == "real" { return try part("real_kernel") }
    if mode == "imag" { return try part("imag_kernel") }
    let (real, imaginary) = (try part("real_kernel"), try part("imag_kernel"))
    switch mode {
    case "angle": return try call.add(Atan2(), imaginary, real, part: "angle")
    case "stft": return try call.add(Concat(axis: 2), real, imaginary, part: "parts")
    default: break
    }
    let power = try call.add(
      Add(), call.add(Square(), real, part: "real"), call.add(Square(), imaginary, part: "imaginary"),
      part: "power")
    switch mode {
    case "psd":
      guard bins > 1 else { throw call.settings.unsupported("fft_length") }
      // What lies between the lowest and the highest frequency stands for its mirror image too.
      let weights = (0..<bins).map { (1..<max(1, bins - 1)).contains($0) ? Float(2) : 1 }
      return try call.add(Multiply(), power, call.constant(weights, shape: [bins]), part: "density")
    case "magnitude": return try magnitude(power)
    case "log": return try call.add(Log(), raised(magnitude(power), part: "bounded"), part: "logarithm")
    default: throw call.settings.unsupported("mode")
    }
  }

  private func magnitude(_ power: ValueID) throws(ModelError) -> ValueID {
    try call.add(Sqrt(), raised(power, part: "boundedPower"), part: "magnitude")
  }

  /// No less than Keras's `epsilon`.
  private func raised(_ value: ValueID, part: String) throws(ModelError) -> ValueID {
    try call.add(Maximum(), value, call.constant([1e-7], shape: []), part: part)
  }

  /// From `[batch × channels, frames, frequencies]` to frames and frequencies with the channels as an axis of their own or with each
  /// channel's frequencies behind each other.
  private func arranged(_ spectrum: ValueID) throws(ModelError) -> ValueID {
    let isExpanded = try call.settings.boolean("expand_dims", default: false)
    guard channels > 1 else {
      return isExpanded ? try call.add(Unsqueeze(axes: [3]), spectrum) : spectrum
    }
    let (frames, bins) = (try call.size(of: spectrum, axis: 1), try call.size(of: spectrum, axis: 2))
    let apart = try call.reshape(spectrum, [-1, channels, frames, bins], part: "apart")
    if isExpanded { return try call.add(Transpose([0, 2, 3, 1]), apart) }
    let moved = try call.add(Transpose([0, 2, 1, 3]), apart, part: "moved")
    return try call.reshape(moved, [-1, frames, channels * bins])
  }
}

/// The energy of overlapping frames in bands of the mel scale, in decibels if the settings say so: `[batch, bands, frames]`.
private func melSpectrogram(_ call: LayerCall) throws(ModelError) -> ValueID {
  let settings = call.settings
  let input = try call.real(call.input())
  try call.requireRank(of: input, 2)
  let length = try settings.integer("fft_length", default: 2048)
  guard (2...1 << 20).contains(length) else { throw settings.unsupported("fft_length") }
  var pad = Pad()
  pad.content = .reflect
  let half = length / 2
  let padded = try call.add(pad, input, call.integers([0, half, 0, half]), part: "padded")
  let window = try melWindow(settings, length)
  let step = try settings.integer("sequence_stride", default: 512)
  guard step > 0 else { throw settings.unsupported("sequence_stride") }
  let spectrum = try call.add(
    ShortTimeFourierTransform(), call.add(Unsqueeze(axes: [2]), padded, part: "signal"),
    call.importer.graph.addConstant(Tensor(scalar: Int64(step))),
    window.map { call.constant($0, shape: [length]) },
    call.importer.graph.addConstant(Tensor(scalar: Int64(length))), part: "spectrum")
  var energy = try call.add(
    ReduceSum(axes: [3], keepsDimensions: false), call.add(Square(), spectrum, part: "squares"),
    part: "power")
  let exponent = try settings.number("mag_exp", default: 2)
  if exponent != 2 {
    energy = try call.add(Sqrt(), energy, part: "magnitude")
    energy = try call.add(Power(), energy, call.constant([Float(exponent)], shape: []), part: "raised")
  }
  let bands = try settings.integer("num_mel_bins", default: 128)
  let scale = try MelScale(settings)
  let bins = length / 2 + 1
  guard bands > 0, let count = [bins, bands].checkedProduct(), count <= Limits.current.count else {
    throw settings.unsupported("num_mel_bins")
  }
  var mel = try call.add(
    MatrixMultiply(), energy,
    call.constant(scale.weights(bins: bins, bands: bands), shape: [bins, bands]), part: "bands")
  if try settings.boolean("power_to_db", default: true) { mel = try decibels(call, mel) }
  return try call.add(Transpose([0, 2, 1]), mel)
}

/// The window of a frame, in the middle of the transform's length; nil where there is none.
private func melWindow(_ settings: KerasSettings, _ length: Int) throws(ModelError) -> [Float]? {
  guard settings.has("window") else { return nil }
  let size = try settings.integer("sequence_length", default: length)
  guard (1...length).contains(size) else { throw settings.unsupported("sequence_length") }
  let (mean, amplitude): (Double, Double)
  switch try settings.string("window") {
  case "hann": (mean, amplitude) = (0.5, 0.5)
  case "hamming": (mean, amplitude) = (0.54, 0.46)
  default: throw settings.unsupported("window")
  }
  // TensorFlow's windows of odd lengths are symmetric even where they are called periodic.
  let period = size - (size % 2 == 0 ? 0 : 1)
  let left = (length - size) / 2
  return (0..<length).map { place in
    guard (left..<left + size).contains(place), period > 0 else { return place == left && size == 1 ? 1 : 0 }
    return Float(mean - amplitude * .cosine(2 * .pi * Double(place - left) / Double(period)))
  }
}

/// `10 log₁₀ x` against the reference, and no more than `top_db` below the greatest of all.
private func decibels(_ call: LayerCall, _ power: ValueID) throws(ModelError) -> ValueID {
  let least = try call.settings.number("min_power", default: 1e-10)
  let reference = max(abs(try call.settings.number("ref_power", default: 1)), least)
  guard least > 0 else { throw call.settings.unsupported("min_power") }
  func number(_ value: Double) -> ValueID { call.constant([Float(value)], shape: []) }
  let logarithm = try call.add(
    Log(), call.add(Maximum(), power, number(least), part: "bounded"), part: "logarithm")
  let scaled = try call.add(
    Multiply(), logarithm, number(10 / Double.logarithm(10)), part: "decibels")
  let level = try call.add(
    Subtract(), scaled, number(10 * Double.logarithm(reference) / Double.logarithm(10)), part: "level")
  let greatest = try call.add(
    ReduceMax(axes: [0, 1, 2], keepsDimensions: false), level, part: "greatest")
  let floor = try call.add(
    Subtract(), greatest, number(call.settings.number("top_db", default: 80)), part: "floor")
  return try call.add(Maximum(), level, floor, part: "limited")
}

/// The mel scale of the Hidden Markov Model Toolkit, `1127 ln(1 + f / 700)`, with triangles of height 1 over it.
private struct MelScale {
  let lowest: Float
  let highest: Float
  let nyquist: Float

  init(_ settings: KerasSettings) throws(ModelError) {
    let rate = try settings.number("sampling_rate", default: 16000)
    nyquist = Float(rate) / 2
    lowest = Float(try settings.number("min_freq", default: 20))
    highest = Float(try settings.number("max_freq", default: (rate / 2).rounded(.towardZero)))
  }

  /// How much each frequency, in the rows, counts in each band; float32 throughout as in Keras.
  func weights(bins: Int, bands: Int) -> [Float] {
    let (low, high) = (mel(lowest), mel(highest))
    let edges = linear(low, high, count: bands + 2)
    let places = linear(0, nyquist, count: bins).map(mel)
    var weights = [Float](repeating: 0, count: bins * bands)
    for bin in 1..<bins {
      for band in 0..<bands {
        let rising = (places[bin] - edges[band]) / (edges[band + 1] - edges[band])
        let falling = (edges[band + 2] - places[bin]) / (edges[band + 2] - edges[band + 1])
        weights[bin * bands + band] = max(0, min(rising, falling))
      }
    }
    return weights
  }

  private func mel(_ frequency: Float) -> Float {
    1127 * Float(Double.logarithm(Double(1 + frequency / 700)))
  }

  private func linear(_ first: Float, _ last: Float, count: Int) -> [Float] {
    let step = (last - first) / Float(count - 1)
    return (0..<count).map { $0 == count - 1 ? last : first + step * Float($0) }
  }
}
