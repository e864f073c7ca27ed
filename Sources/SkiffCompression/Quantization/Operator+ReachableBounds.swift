import SkiffIR
import SkiffOperators

extension Operator {
  /// The operator without clamps that lie beyond 32 bits in the integers of its result. They clamp nothing that 8 bits
  /// hold, and runtimes refuse them.
  func withReachableBounds(in parameters: QuantizationParameters?) -> any Operator {
    guard let scale = parameters?.perTensor?.scale, scale > 0 else { return self }
    func isReachable(_ bound: Float) -> Bool { abs(bound / scale) < 0x1p31 }
    if var host = self as? any ActivationHost {
      switch host.activation {
      case .relu6 where !isReachable(6): host.activation = .relu
      case .reluN1To1 where !isReachable(1): host.activation = .none
      default: break
      }
      return host
    }
    guard var clip = self as? Clip else { return self }
    if let minimum = clip.minimum, !isReachable(minimum) { clip.minimum = nil }
    if let maximum = clip.maximum, !isReachable(maximum) { clip.maximum = nil }
    return clip
  }
}
