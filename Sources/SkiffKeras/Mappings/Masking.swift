import SkiffBinary
import SkiffIR
import SkiffOperators

/// Steps whose elements are all of one value do not count, and become zero.
func masking(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  let input = try call.input()
  let value = call.constant([Float(try call.settings.number("mask_value", default: 0))], shape: [])
  let differs = try call.add(
    Cast(to: .float32), call.add(NotEqual(), input, value, part: "differs"), part: "counts")
  let any = try call.add(ReduceMax(axes: [-1], keepsDimensions: true), differs, part: "any")
  let output = try call.add(Multiply(), input, any)
  let mask = try call.add(Cast(to: .boolean), call.add(Squeeze(axes: [-1]), any, part: "steps"), part: "mask")
  return [KerasTensor(value: output, mask: mask)]
}

extension LayerCall {
  /// The mask of tensors that are combined element by element.
  ///
  /// Keras 3: where any of them counts, if all have a mask; Keras 2: where all of those count that have one.
  func combinedMask() throws(ModelError) -> ValueID? {
    let known = masks.compactMap(\.self)
    guard let first = known.first else { return nil }
    if importer.isKeras3, known.count < masks.count { return nil }
    var mask = first
    for other in known.dropFirst() {
      mask =
        try importer.isKeras3 ? add(Or(), mask, other, part: "mask") : add(And(), mask, other, part: "mask")
    }
    return mask
  }

  /// The mask of tensors one behind another along an axis.
  func joinedMask(axis: Int) throws(ModelError) -> ValueID? {
    guard masks.contains(where: { $0 != nil }) else { return nil }
    var joined: [ValueID] = []
    for (input, mask) in zip(inputs, masks) {
      let rank = try shape(of: input).rank
      var maskRank = 2
      if let mask { maskRank = try shape(of: mask).rank }
      guard rank == 3, maskRank == 2 else {
        throw ModelError(.unsupported, "masks of tensors that are no sequences of vectors")
      }
      guard let mask else {
        // Everything of a tensor without a mask counts.
        var first = ShapeOf()
        first.end = 2
        joined.append(
          try add(ConstantOfShape(1, of: .boolean), add(first, input, part: "steps"), part: "all"))
        continue
      }
      joined.append(mask)
    }
    switch try normalizedAxis(axis, rank: 3) {
    case 1: return try add(Concat(axis: 1), joined, part: "mask")
    case 2:
      var mask = joined[0]
      for other in joined.dropFirst() {
        mask =
          try importer.isKeras3 ? add(Or(), mask, other, part: "mask") : add(And(), mask, other, part: "mask")
      }
      return mask
    default: throw ModelError(.unsupported, "masks of tensors that are joined along axis \(axis)")
    }
  }
}
