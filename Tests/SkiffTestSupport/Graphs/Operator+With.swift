import SkiffIR

extension Operator {
  /// The operator with one property changed.
  package func with<Value>(_ value: Value, _ property: WritableKeyPath<Self, Value>) -> Self {
    var copy = self
    copy[keyPath: property] = value
    return copy
  }
}
