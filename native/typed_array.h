#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace gateway {

/// Returns the elements of a typed array, which JavaScript still owns; nothing if `value` is not an array of this type.
template <typename T>
std::optional<std::span<T>> TypedArray(Napi::Value value) {
  constexpr napi_typedarray_type kType = std::is_same_v<T, std::uint8_t>    ? napi_uint8_array
                                         : std::is_same_v<T, std::uint16_t> ? napi_uint16_array
                                         : std::is_same_v<T, std::uint32_t> ? napi_uint32_array
                                                                            : napi_biguint64_array;
  static_assert(kType != napi_biguint64_array || std::is_same_v<T, std::uint64_t>);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != kType) return std::nullopt;
  auto array = value.As<Napi::TypedArrayOf<T>>();
  return std::span<T>(array.Data(), array.ElementLength());
}

}  // namespace gateway
