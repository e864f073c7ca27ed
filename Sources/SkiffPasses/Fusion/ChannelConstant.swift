import SkiffBinary
import SkiffIR

extension Graph {
  /// The constant's elements, one for each channel, if the constant broadcasts against a tensor of `rank` axes
  /// along `channelAxis` only; a single element is repeated.
  func channelConstant(_ value: ValueID, channels: Int, axis channelAxis: Int, rank: Int) throws(ModelError)
    -> [Float]?
  {
    guard let constant = self[value].constant, constant.type.dataType.isFloatingPoint else { return nil }
    let shape = constant.shape
    guard shape.count <= rank else { return nil }
    for (axis, size) in shape.enumerated() where size != 1 {
      guard rank - shape.count + axis == channelAxis, size == channels else { return nil }
    }
    let elements = try constant.materialize().floats()
    return elements.count == 1 ? [Float](repeating: elements[0], count: channels) : elements
  }

  /// The only element of a real constant.
  func scalar(_ value: ValueID) -> Float? {
    guard let constant = self[value].constant, constant.type.dataType.isFloatingPoint,
      constant.shape.allSatisfy({ $0 == 1 })
    else { return nil }
    return try? constant.materialize().floats().first
  }
}
