#include "config/file.h"

#include <gtest/gtest.h>

#include <fstream>

namespace trackly::config {
namespace {

TEST(ReadFile, GivesTheBytesAsTheyAre) {
  const std::string path = testing::TempDir() + "bytes";
  std::ofstream(path, std::ios::binary) << std::string("a\0\r\nb", 5);
  EXPECT_EQ(*read_file(path), std::string("a\0\r\nb", 5));
}

TEST(ReadFile, WhatIsNotThereIsAFault) {
  EXPECT_EQ(read_file("/nowhere/file").error().text, "No such file or directory");
}

TEST(ReadFile, AFolderIsAFault) { EXPECT_EQ(read_file("/").error().text, "Is a directory"); }

TEST(ReadFile, AFileWithoutEndIsAFault) {
  EXPECT_EQ(read_file("/dev/zero", 1000).error().text, "larger than 1000 bytes");
}

}  // namespace
}  // namespace trackly::config
