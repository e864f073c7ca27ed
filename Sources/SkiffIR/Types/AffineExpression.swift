/// An integer that depends on symbols: a constant plus multiples of symbols and of floor divisions.
///
/// Kept in a normal form, so that equal expressions compare equal.
public struct AffineExpression: Hashable, Sendable {
  /// What is multiplied: a symbol, or an expression divided by a positive constant and rounded down.
  public indirect enum Term: Hashable, Sendable {
    /// A named dimension, at least 0.
    case symbol(String)
    /// `floor(expression / by)`, with `by` at least 2.
    case floorDivision(AffineExpression, by: Int)
  }

  /// The part that depends on nothing.
  public private(set) var constant: Int
  /// The terms with their factors, none of them 0.
  public private(set) var terms: [Term: Int]

  /// Creates the expression of a constant.
  public init(_ constant: Int) {
    self.constant = constant
    terms = [:]
  }

  /// Creates the expression of one symbol.
  public init(symbol: String) {
    constant = 0
    terms = [.symbol(symbol): 1]
  }

  /// The sum, or nil beyond `Int`.
  public func adding(_ other: AffineExpression) -> AffineExpression? {
    var result = self
    let (sum, overflow) = constant.addingReportingOverflow(other.constant)
    guard !overflow else { return nil }
    result.constant = sum
    for (term, factor) in other.terms {
      let (sum, overflow) = result.terms[term, default: 0].addingReportingOverflow(factor)
      guard !overflow else { return nil }
      result.terms[term] = sum == 0 ? nil : sum
    }
    return result
  }

  /// The product with a constant, or nil beyond `Int`.
  public func multiplied(by factor: Int) -> AffineExpression? {
    guard factor != 0 else { return AffineExpression(0) }
    var result = AffineExpression(0)
    let (product, overflow) = constant.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    result.constant = product
    for (term, own) in terms {
      let (product, overflow) = own.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      result.terms[term] = product
    }
    return result
  }

  /// `floor(self / divisor)` for a positive divisor.
  ///
  /// What the divisor divides exactly is taken out: `floor((4·N + 3) / 2)` is `2·N + 1`.
  public func flooredDivision(by divisor: Int) -> AffineExpression? {
    guard divisor > 0 else { return nil }
    guard divisor > 1 else { return self }
    var whole = AffineExpression(0)
    var rest = AffineExpression(0)
    whole.constant = constant.flooredQuotient(by: divisor)
    // Not `constant - quotient * divisor`: near Int.min that product is beyond Int.
    rest.constant = constant % divisor + (constant % divisor < 0 ? divisor : 0)
    for (term, factor) in terms {
      if factor % divisor == 0 { whole.terms[term] = factor / divisor } else { rest.terms[term] = factor }
    }
    guard !rest.terms.isEmpty else { return whole }
    let remainder = AffineExpression(term: .floorDivision(rest, by: divisor))
    return whole.adding(remainder)
  }

  private init(term: Term) {
    constant = 0
    terms = [term: 1]
  }

  /// The value where every symbol has one in `bindings`; nil if one is missing or the result is beyond `Int`.
  public func evaluate(_ bindings: [String: Int]) -> Int? {
    var result = constant
    for (term, factor) in terms {
      let value: Int? =
        switch term {
        case .symbol(let name): bindings[name]
        case .floorDivision(let inner, let divisor): inner.evaluate(bindings)?.flooredQuotient(by: divisor)
        }
      guard let value else { return nil }
      let (product, first) = value.multipliedReportingOverflow(by: factor)
      let (sum, second) = result.addingReportingOverflow(product)
      guard !first, !second else { return nil }
      result = sum
    }
    return result
  }

  /// Whether it is at least 0 whatever the symbols are, as far as signs tell: no part of it is negative.
  public var isNeverNegative: Bool {
    constant >= 0
      && terms.allSatisfy { term, factor in
        switch term {
        case .symbol: factor >= 0
        case .floorDivision(let inner, _): factor >= 0 && inner.isNeverNegative
        }
      }
  }

  /// The same with other names of symbols; those that `names` does not have stay. Different symbols must not get one name.
  func renamingSymbols(_ names: [String: String]) -> AffineExpression {
    var result = AffineExpression(constant)
    for (term, factor) in terms {
      switch term {
      case .symbol(let name): result.terms[.symbol(names[name] ?? name)] = factor
      case .floorDivision(let inner, let divisor):
        result.terms[.floorDivision(inner.renamingSymbols(names), by: divisor)] = factor
      }
    }
    return result
  }

  /// The names of the symbols it depends on.
  public var symbols: Set<String> {
    terms.keys.reduce(into: []) { names, term in
      switch term {
      case .symbol(let name): names.insert(name)
      case .floorDivision(let inner, _): names.formUnion(inner.symbols)
      }
    }
  }
}

extension AffineExpression: CustomStringConvertible {
  /// For example `2*N+floor((H-1)/2)+1`.
  public var description: String {
    let parts = terms.map { term, factor -> (name: String, factor: Int) in
      switch term {
      case .symbol(let name): (name.asTextName, factor)
      case .floorDivision(let inner, let divisor): ("floor((\(inner))/\(divisor))", factor)
      }
    }
    var text = ""
    for (name, factor) in parts.sorted(by: { $0.name < $1.name }) {
      let sign = factor < 0 ? "-" : text.isEmpty ? "" : "+"
      text += sign + (factor.magnitude == 1 ? "" : "\(factor.magnitude)*") + name
    }
    if text.isEmpty { return "\(constant)" }
    return constant == 0 ? text : text + (constant > 0 ? "+" : "") + "\(constant)"
  }
}

extension Int {
  /// The quotient rounded towards minus infinity.
  package func flooredQuotient(by divisor: Int) -> Int {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
