import SkiffBinary
import SkiffIR
import SkiffOperators

let imageMappings: [LayerMapping] = [
  LayerMapping("Resizing", resizing),
  LayerMapping("CenterCrop", centerCrop),
  LayerMapping("RandomCrop") { (call) throws(ModelError) in
    // Keras 3 cuts in training only, and changes nothing else.
    try call.importer.isKeras3
      ? call.input() : call.resizedMiddle(call.real(call.spatialInput(rank: 2)))
  },
  LayerMapping("AutoContrast", autoContrast),
]

private func resizing(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.spatialInput(rank: 2)
  let size = [try call.settings.integer("height"), try call.settings.integer("width")]
  let interpolation = try call.settings.string("interpolation", default: "bilinear").lowercased()
  let proportions = try Proportions(
    isCropped: call.settings.boolean("crop_to_aspect_ratio", default: false),
    isPadded: call.settings.boolean("pad_to_aspect_ratio", default: false),
    filling: call.settings.number("fill_value", default: 0))
  let resized = try call.resized(
    call.real(input), size, interpolation, layout: call.channelLayout(), proportions,
    antialiases: call.settings.boolean("antialias", default: false))
  let type = try call.dataType(of: input)
  guard call.importer.isKeras3, type.isInteger else { return resized }
  return try call.cast(call.add(Round(), resized, part: "rounded"), to: type)
}

/// The middle of images; of those that are smaller along an axis, the middle of the same proportions in the size that is wanted.
private func centerCrop(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.real(call.spatialInput(rank: 2))
  let axes = Array(try call.channelLayout().spatialAxes(rank: 4))
  var (sizes, wanted): ([Int], [Int]) = ([], [])
  for (axis, name) in zip(axes, ["height", "width"]) {
    sizes.append(try call.size(of: input, axis: axis))
    wanted.append(try call.settings.integer(name))
  }
  guard zip(sizes, wanted).allSatisfy({ (0...$0).contains($1) }) else { return try call.resizedMiddle(input) }
  return try call.middle(input, wanted, axes: axes)
}

/// Each channel of each image stretched over the range of values; one that is the same everywhere stays as it is.
private func autoContrast(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.real(call.input())
  try call.requireRank(of: input, 4)
  func number(_ value: Float) -> ValueID { call.constant([value], shape: []) }
  let range = call.settings.has("value_range") ? try call.settings.numbers("value_range") : [0, 255]
  guard range.count == 2, range[0] < range[1] else { throw call.settings.unsupported("value_range") }
  func scaled(
    _ value: ValueID, from: [Float], to: [Float], _ part: String
  ) throws(ModelError) -> ValueID {
    guard from != to else { return value }
    let raised = try call.add(Subtract(), value, number(from[0]), part: "\(part)/raised")
    let unit = try call.add(Divide(), raised, number(from[1] - from[0]), part: "\(part)/unit")
    let stretched = try call.add(Multiply(), unit, number(to[1] - to[0]), part: "\(part)/stretched")
    return try call.add(Add(), stretched, number(to[0]), part: part)
  }
  let images = try scaled(input, from: range, to: [0, 255], "bytes")
  let low = try call.add(ReduceMin(axes: [1, 2], keepsDimensions: true), images, part: "low")
  let high = try call.add(ReduceMax(axes: [1, 2], keepsDimensions: true), images, part: "high")
  let span = try call.add(Subtract(), high, low, part: "span")
  let isFlat = try call.add(LessOrEqual(), span, number(0), part: "flat")
  let scale = try call.add(
    Divide(), number(255), call.add(Select(), isFlat, number(1), span, part: "divisor"), part: "scale")
  let offset = try call.add(Multiply(), low, scale, part: "offset")
  let stretched = try call.add(
    Subtract(), call.add(Multiply(), images, scale, part: "scaled"), offset, part: "stretched")
  let clipped = try call.add(Clip(minimum: 0, maximum: 255), stretched, part: "clipped")
  return try call.add(Select(), isFlat, input, scaled(clipped, from: [0, 255], to: range, "range"))
}

/// How images keep their proportions where they are resized to others.
struct Proportions {
  /// Whether only the greatest part with the new proportions is kept.
  var isCropped = false
  /// Whether they are put into the middle of the smallest image with the new proportions.
  var isPadded = false
  /// What is around them there.
  var filling = 0.0
}

extension LayerCall {
  /// Images in another height and width.
  func resized(
    _ input: ValueID, _ size: [Int], _ interpolation: String, layout: ChannelLayout = .last,
    _ proportions: Proportions = Proportions(), antialiases: Bool = false
  ) throws(ModelError) -> ValueID {
    guard size.allSatisfy({ $0 > 0 }) else { throw settings.unsupported("size") }
    var operator_ = Resize()
    operator_.axes = Array(layout.spatialAxes(rank: 4))
    // Where TensorFlow takes all elements in between, it leaves out what lies outside.
    (operator_.antialiases, operator_.excludesOutside) = (antialiases, antialiases)
    switch interpolation {
    case "nearest":
      operator_.coordinates = .tfHalfPixelForNN
      operator_.rounding = .floor
    case "bilinear": operator_.mode = .linear
    default: throw settings.unsupported("interpolation")
    }
    let images = try proportioned(input, size, axes: operator_.axes, proportions)
    return try add(operator_, images, nil, nil, integers(size))
  }

  /// The middle of images in the proportions of the size that the settings give, resized to that.
  fileprivate func resizedMiddle(_ input: ValueID) throws(ModelError) -> ValueID {
    let size = [try settings.integer("height"), try settings.integer("width")]
    return try resized(input, size, "bilinear", layout: channelLayout(), Proportions(isCropped: true))
  }

  /// The middle of images, of sizes that they have at least.
  fileprivate func middle(
    _ input: ValueID, _ wanted: [Int], axes: [Int], part: String = ""
  ) throws(ModelError) -> ValueID {
    var starts: [Int] = []
    for (axis, wanted) in zip(axes, wanted) { starts.append((try size(of: input, axis: axis) - wanted) / 2) }
    return try add(
      Slice(), input, integers(starts), integers(zip(starts, wanted).map { $0 + $1 }), integers(axes),
      part: part)
  }

  private func proportioned(
    _ input: ValueID, _ size: [Int], axes: [Int], _ proportions: Proportions
  ) throws(ModelError) -> ValueID {
    guard proportions.isCropped || proportions.isPadded else { return input }
    var given: [Int] = []
    for axis in axes { given.append(try self.size(of: input, axis: axis)) }
    // What each axis would have by the other one, in float32 as TensorFlow computes it.
    var fitting: [Int] = []
    for (axis, other) in [(0, 1), (1, 0)] {
      fitting.append(Int(Float(given[other] * size[axis]) / Float(size[other])))
    }
    if proportions.isCropped {
      let kept = zip(given, fitting).map { max(1, min($0, $1)) }
      return kept == given ? input : try middle(input, kept, axes: axes, part: "middle")
    }
    // As much on both sides, so that an odd rest is left out.
    let added = zip(given, fitting).map { max(0, $1 - $0) / 2 }
    guard added != [0, 0] else { return input }
    return try add(
      Pad(), input, integers(added + added) as ValueID?, constant([Float(proportions.filling)], shape: []),
      integers(axes),
      part: "padded")
  }
}
