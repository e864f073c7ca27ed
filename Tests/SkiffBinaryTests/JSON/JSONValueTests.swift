import SkiffBinary
import Testing

@Suite struct JSONValueTests {
  @Test func readsEveryKindOfValue() throws {
    let text =
      #" {"a": [1, -2, 3.5, 1e3, true, false, null], "b": {"c": "x\n\u00e4\ud83d\ude00/"}, "d": []} "#
    let value = try JSONValue(parsing: text)
    #expect(
      value["a"]
        == .array([
          .integer(1), .integer(-2), .number(3.5), .number(1000), .boolean(true), .boolean(false), .null,
        ]))
    #expect(value["b"]?["c"]?.string == "x\nä😀/")
    #expect(value["d"]?.array == [])
    #expect(value["e"] == nil)
    #expect(try JSONValue(parsing: "9223372036854775808").number == 9.223372036854775808e18)
  }

  @Test func readsWhatPythonWritesForNumbersWithoutADecimalForm() throws {
    let value = try JSONValue(parsing: "[NaN, Infinity, -Infinity]").array ?? []
    #expect(value.count == 3)
    #expect(value[0].number?.isNaN == true)
    #expect(value[1].number == .infinity)
    #expect(value[2].number == -.infinity)
  }

  @Test(arguments: [
    "", "{", "[1,", "[1 2]", "{\"a\" 1}", "{\"a\": 1,}", "[1,]", "01", "1.", "-", "1e", "tru", "nul1", "\"",
    "\"\\x\"",
    "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\u12", "1 2", "{\"a\":1,\"a\":2}", "\"\u{1}\"", "+1", "'a'",
  ])
  func refuses(text: String) {
    #expect(throws: ModelError.self) { try JSONValue(parsing: text) }
  }

  @Test func refusesTextThatIsNotUTF8() {
    #expect(throws: ModelError.self) { try JSONValue(parsing: ByteRegion([0x22, 0xFF, 0x22])) }
  }

  @Test func depthAndCountAreLimited() throws {
    let deep = String(repeating: "[", count: 100_000)
    let error = #expect(throws: ModelError.self) { try JSONValue(parsing: deep) }
    #expect(error?.code == .limitExceeded)
    let limits = Limits(count: 10)
    #expect(throws: ModelError.self) { try JSONValue(parsing: "[1,1,1,1,1,1,1,1,1,1]", limits: limits) }
    #expect(throws: ModelError.self) {
      try JSONValue(
        parsing: "[" + String(repeating: " ", count: 100) + "]", limits: Limits(structureSize: 640))
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let text = Array(#"{"a": [1, 2.5, "x\u0041"], "b": {"c": null}}"#.utf8)
    for count in 0..<text.count {
      #expect(throws: ModelError.self) { try JSONValue(parsing: ByteRegion(Array(text[..<count]))) }
    }
  }

  @Test func errorsNameTheByte() {
    #expect(throws: ModelError(.malformed, "expected a colon", at: Location(byteOffset: 5))) {
      try JSONValue(parsing: #"{"a" 1}"#)
    }
  }
}
