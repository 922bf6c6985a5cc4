// mov, cvta, ld and st.
#include "access.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

void copyCells(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  g.each([=](uint32_t t) { d[t] = a[t]; });
}

uint64_t maskOf(unsigned bytes) { return bytes == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1; }

// A wide cell into its parts, the lowest first; detail is the size of a part.
void splitCells(Group& g, const Instruction& i) {
  const uint64_t* a = g.row(i.from[0]);
  for (unsigned part = 0; part < i.count; part++) {
    uint64_t* d = g.row(i.vector[part]);
    unsigned shift = 8 * i.detail * part;
    uint64_t mask = maskOf(i.detail);
    // The source can be a row of the vector only if they had one size: the types forbid it.
    g.each([=](uint32_t t) { d[t] = a[t] >> shift & mask; });
  }
}

void joinCells(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  uint64_t mask = maskOf(i.detail);
  g.eachInOrder([&](uint32_t t) {
    uint64_t value = 0;
    for (unsigned part = 0; part < i.count; part++) value |= (g.row(i.vector[part])[t] & mask) << (8 * i.detail * part);
    d[t] = value;
  });
}

// A generic address is that of the space plus the start of its window.
template <bool toSpace>
void convertAddress(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  uint64_t window = i.space == Space::shared  ? DeviceMemory::sharedWindow
                    : i.space == Space::local ? DeviceMemory::localWindow : 0;
  g.each([=](uint32_t t) { d[t] = toSpace ? a[t] - window : a[t] + window; });
}

inline uint64_t addressOf(const uint64_t* base, uint32_t thread, const Instruction& i) {
  uint64_t address = i.detail & 1 ? unpack<uint32_t>(base[thread]) : base[thread];
  return address + static_cast<uint64_t>(i.offset);
}

template <class T>
void loadCells(Group& g, const Instruction& i) {
  const uint64_t* base = g.row(i.from[0]);
  uint32_t bytes = sizeof(T) * i.count;
  g.eachInOrder([&](uint32_t t) {
    const uint8_t* from = locate(g, i, t, addressOf(base, t, i), bytes, Access::read);
    for (unsigned part = 0; part < i.count; part++) {
      T value;
      std::memcpy(&value, from + part * sizeof(T), sizeof(T));
      g.row(i.vector[part])[t] = static_cast<uint64_t>(value);  // extends the sign of a signed type
    }
  });
}

template <class T>
void storeCells(Group& g, const Instruction& i) {
  const uint64_t* base = g.row(i.from[0]);
  uint32_t bytes = sizeof(T) * i.count;
  g.eachInOrder([&](uint32_t t) {
    uint8_t* to = locate(g, i, t, addressOf(base, t, i), bytes, Access::write);
    for (unsigned part = 0; part < i.count; part++) {
      T value = unpack<T>(g.row(i.vector[part])[t]);
      std::memcpy(to + part * sizeof(T), &value, sizeof(T));
    }
  });
}

Handler loader(Type type) {
  switch (type) {
    case Type::s8: return loadCells<int8_t>;
    case Type::s16: return loadCells<int16_t>;
    case Type::s32: return loadCells<int32_t>;
    default: break;
  }
  switch (bytesOf(type)) {
    case 1: return loadCells<uint8_t>;
    case 2: return loadCells<uint16_t>;
    case 4: return loadCells<uint32_t>;
    default: return loadCells<uint64_t>;
  }
}

Handler storer(Type type) {
  switch (bytesOf(type)) {
    case 1: return storeCells<uint8_t>;
    case 2: return storeCells<uint16_t>;
    case 4: return storeCells<uint32_t>;
    default: return storeCells<uint64_t>;
  }
}

void vectorMove(Decoder& d, Instruction& out, Type type, bool splits) {
  const std::vector<Operand>& parts = d.operand(splits ? 0 : 1).parts;
  size_t n = parts.size();
  unsigned size = n == 2 || n == 4 ? bytesOf(type) / static_cast<unsigned>(n) : 0;
  if (!isUntyped(type) || size < 2) d.unknown();
  Type part = size == 2 ? Type::b16 : Type::b32;
  out.count = static_cast<uint8_t>(n);
  out.detail = size;
  for (size_t i = 0; i < n; i++) out.vector[i] = splits ? d.destination(parts[i], part) : d.source(parts[i], part);
  out.handler = splits ? splitCells : joinCells;
  if (splits) out.from[0] = d.source(1, type);
  else out.to = d.destination(0, type);
}

void move(Decoder& d, Instruction& out) {
  Type type = d.type();
  d.endOfWords();
  d.operands(2);
  if (bytesOf(type) == 1 && type != Type::pred) d.unknown();
  if (d.operand(0).kind == Operand::vector || d.operand(1).kind == Operand::vector) {
    vectorMove(d, out, type, d.operand(0).kind == Operand::vector);
    return;
  }
  out.handler = copyCells;
  out.to = d.destination(0, type);
  const Operand& from = d.operand(1);
  if (from.kind == Operand::symbol) {
    if (isFloat(type) || bytesOf(type) < 4) d.fail("an address must have 32 or 64 bits");
    out.from[0] = d.constant(from.symbolValue.address);
  } else {
    out.from[0] = d.source(1, type);
  }
}

Space takeSpace(Decoder& d) {
  if (d.take("global")) return Space::global;
  if (d.take("shared")) return Space::shared;
  if (d.take("local")) return Space::local;
  if (d.take("const")) return Space::constant;
  if (d.take("param")) return Space::param;
  return Space::generic;
}

void addressConversion(Decoder& d, Instruction& out) {
  bool toSpace = d.take("to");
  out.space = takeSpace(d);
  if (out.space == Space::generic || out.space == Space::param) d.unknown();
  Type type = d.type();
  if (type != Type::u64) d.fail("an address must have 64 bits");
  d.endOfWords();
  d.operands(2);
  out.handler = toSpace ? convertAddress<true> : convertAddress<false>;
  out.to = d.destination(0, type);
  const Operand& from = d.operand(1);
  if (from.kind == Operand::symbol) {
    if (toSpace || from.symbolValue.space != out.space) d.fail("the state space must be that of the variable: variable=" + from.name);
    out.from[0] = d.constant(from.symbolValue.address);
  } else {
    out.from[0] = d.source(1, type);
  }
}

}  // namespace

bool decodeMove(Decoder& d, Instruction& out) {
  if (d.opcode() == "mov") move(d, out);
  else if (d.opcode() == "cvta") addressConversion(d, out);
  else return false;
  return true;
}

bool decodeAccess(Decoder& d, Instruction& out) {
  bool stores = d.opcode() == "st";
  if (!stores && d.opcode() != "ld") return false;
  bool isVolatile = d.take("volatile");
  out.space = takeSpace(d);
  if (isVolatile && (out.space == Space::param || out.space == Space::constant)) d.unknown();
  if (stores && (out.space == Space::param || out.space == Space::constant)) d.unknown();
  if (d.take("nc") && (stores || out.space != Space::global || isVolatile)) d.unknown();
  out.count = d.take("v4") ? 4 : d.take("v2") ? 2 : 1;
  Type type = d.type();
  d.endOfWords();
  d.operands(2);
  if (type == Type::pred || bytesOf(type) * out.count > 16) d.unknown();
  out.from[0] = d.address(stores ? 0 : 1, out.space, out);
  const Operand& value = d.operand(stores ? 1 : 0);
  if ((out.count > 1) != (value.kind == Operand::vector) || (out.count > 1 && value.parts.size() != out.count)) {
    d.fail("the count of registers must be that of the vector");
  }
  for (unsigned i = 0; i < out.count; i++) {
    const Operand& part = out.count > 1 ? value.parts[i] : value;
    out.vector[i] = stores ? d.source(part, type, true) : d.destination(part, type, true);
  }
  out.handler = stores ? storer(type) : loader(type);
  return true;
}

}  // namespace ptxvm
