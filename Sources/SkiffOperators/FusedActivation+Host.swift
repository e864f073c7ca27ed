import SkiffIR

/// An operator that can clamp its own result.
public protocol ActivationHost: Operator {
  /// The clamp of the result.
  var activation: FusedActivation { get set }
}

extension Add: ActivationHost {}
extension AveragePool: ActivationHost {}
extension Convolution: ActivationHost {}
extension Divide: ActivationHost {}
extension FullyConnected: ActivationHost {}
extension Multiply: ActivationHost {}
extension Subtract: ActivationHost {}
extension TransposedConvolution: ActivationHost {}
