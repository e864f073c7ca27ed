/// The extent of a tensor along each of its axes.
public struct Shape: Hashable, Sendable {
  /// The extent along one axis.
  public enum Dimension: Hashable, Sendable {
    /// A number known now, at least 0.
    case fixed(Int)
    /// A number that depends on named symbols.
    case symbolic(AffineExpression)
    /// Nothing is known before the graph runs.
    case unknown

    /// A dimension that is one symbol.
    public static func symbol(_ name: String) -> Dimension { .symbolic(AffineExpression(symbol: name)) }

    /// The number if it is known now.
    public var fixed: Int? {
      if case .fixed(let size) = self { size } else { nil }
    }
  }

  /// The extents, outermost axis first.
  public var dimensions: [Dimension]

  /// Creates a shape from its dimensions.
  public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }

  /// Creates a shape of fixed sizes.
  public init(_ sizes: [Int]) { dimensions = sizes.map(Dimension.fixed) }

  /// The shape of a single element.
  public static let scalar = Shape([Dimension]())

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// All sizes, if each of them is known now.
  public var fixed: [Int]? {
    var sizes: [Int] = []
    for dimension in dimensions {
      guard case .fixed(let size) = dimension else { return nil }
      sizes.append(size)
    }
    return sizes
  }

  /// Whether every size is known now.
  public var isFixed: Bool { dimensions.allSatisfy { $0.fixed != nil } }

  /// The number of elements, if it is known now and within `Int`.
  public var elementCount: Int? { fixed.flatMap { $0.checkedProduct() } }

  /// The dimension along `axis`.
  public subscript(axis: Int) -> Dimension {
    get { dimensions[axis] }
    set { dimensions[axis] = newValue }
  }

  /// The shape with every symbol replaced that `bindings` name.
  public func binding(_ bindings: [String: Int]) -> Shape {
    Shape(dimensions.map { $0.binding(bindings) })
  }
}

extension Shape.Dimension {
  /// The dimension of an expression: fixed where it depends on nothing, unknown where there is none.
  public init(_ expression: AffineExpression?) {
    guard let expression else {
      self = .unknown
      return
    }
    self = expression.terms.isEmpty ? .fixed(expression.constant) : .symbolic(expression)
  }

  /// The expression, nil where nothing is known.
  public var expression: AffineExpression? {
    switch self {
    case .fixed(let size): AffineExpression(size)
    case .symbolic(let expression): expression
    case .unknown: nil
    }
  }

  /// The sum; unknown if a part is.
  public static func + (a: Self, b: Self) -> Self {
    guard let a = a.expression, let b = b.expression else { return .unknown }
    return Self(a.adding(b))
  }

  /// The difference; unknown if a part is.
  public static func - (a: Self, b: Self) -> Self { a + b * .fixed(-1) }

  /// The product; unknown if a part is, or if both depend on symbols.
  public static func * (a: Self, b: Self) -> Self {
    guard let left = a.expression, let right = b.expression else { return .unknown }
    if right.terms.isEmpty { return Self(left.multiplied(by: right.constant)) }
    return left.terms.isEmpty ? Self(right.multiplied(by: left.constant)) : .unknown
  }

  /// `floor(a / divisor)` for a positive divisor; unknown if `a` is.
  public static func / (a: Self, divisor: Int) -> Self {
    Self(a.expression.flatMap { $0.flooredDivision(by: divisor) })
  }

  /// `ceil(a / divisor)` for a positive divisor.
  public func roundedUpDivision(by divisor: Int) -> Self { (self + .fixed(divisor - 1)) / divisor }

  /// The dimension with every symbol replaced that `bindings` name.
  public func binding(_ bindings: [String: Int]) -> Self {
    guard case .symbolic(let expression) = self, let size = expression.evaluate(bindings) else { return self }
    return .fixed(size)
  }
}

extension Sequence<Int> {
  /// The product, or nil beyond `Int`.
  package func checkedProduct() -> Int? {
    var product = 1
    var overflows = false
    for factor in self {
      if factor == 0 { return 0 }
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      overflows = overflows || overflow
      product = next
    }
    return overflows ? nil : product
  }
}

extension Shape: ExpressibleByArrayLiteral {
  /// Creates a shape of fixed sizes.
  public init(arrayLiteral sizes: Int...) { self.init(sizes) }
}

extension Shape: CustomStringConvertible {
  /// For example `[N,3,224,224]`.
  public var description: String { "[\(dimensions.map(\.description).joined(separator: ","))]" }
}

extension Shape.Dimension: CustomStringConvertible {
  /// The number, the expression, or `?`.
  public var description: String {
    switch self {
    case .fixed(let size): "\(size)"
    case .symbolic(let expression): expression.description
    case .unknown: "?"
    }
  }
}
