// SPDX-License-Identifier: Apache-2.0
package kdump.importers.registers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import kdump.importers.LabFiles;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegisterWordsTest {

    /** Reads JSON written with single quotes. */
    private static RegisterWords read(String json) throws FormatException {
        return RegisterWords.read("regs.json",
                json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void wordsAreKeptByOffset() throws FormatException {
        RegisterWords words = read("{'base': '0xfed90000', 'dwords': {'0x8': '0xD2008c22',"
                + "'0x0': '0x00000010', '0xFFFC': '0xffffffff'}}");
        assertThat(words.base()).isEqualTo(0xfed90000L);
        assertThat(words.words()).containsExactly(java.util.Map.entry(0, 0x10),
                java.util.Map.entry(8, 0xd2008c22), java.util.Map.entry(0xfffc, -1));
        assertThat(words.file()).isEqualTo("regs.json");
    }

    @Test
    void otherKeysArePassedOver() throws FormatException {
        assertThat(read("{'taken_at': 1.5, 'note': {'base': 7, 'deep': [[{}], null]}, 'list': [1],"
                + "'dwords': {}, 'base': '0x1', 'last': null}").base()).isEqualTo(1);
    }

    @Test
    void aBaseMayBeAnyAddress() throws FormatException {
        assertThat(read("{'base':'0xffffffffffffffff','dwords':{}}").base()).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[] | document | START_ARRAY",
        "7 | document | VALUE_NUMBER_INT",
        "'' | document | end of the file",
        "{'base': 4275634176, 'dwords': {}} | base | VALUE_NUMBER_INT",
        "{'base': null, 'dwords': {}} | base | VALUE_NULL",
        "{'base': '0x1', 'dwords': []} | dwords | START_ARRAY",
        "{'base': '0x1', 'dwords': '0x1'} | dwords | VALUE_STRING",
        "{'base': '0x1', 'dwords': {'0x0': 16}} | dwords.0x0 | VALUE_NUMBER_INT",
        "{'base': '0x1', 'dwords': {'0x0': {}}} | dwords.0x0 | START_OBJECT",
        "{'base': '0x1', 'dwords': {'0x0': true}} | dwords.0x0 | VALUE_TRUE"})
    void aValueOfAWrongTypeIsRefused(String json, String field, String found) {
        Refused.with(field, found, () -> read(json));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0x", "fed90000", "0xg", "-0x1", "0x12345678123456781", " 0x1"})
    void aBaseThatIsNoHexNumberIsRefused(String base) {
        Refused.with("base", base, () -> read("{'base': '" + base + "', 'dwords': {}}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "0x123456789", "0x1 "})
    void aWordThatIsNotOf32BitsIsRefused(String word) {
        Refused.with("dwords.0x4", word,
                () -> read("{'base': '0x1', 'dwords': {'0x4': '" + word + "'}}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0x1", "0x2", "0x10000", "0xffffffff", "4", "x"})
    void anOffsetThatIsNoneIsRefused(String offset) {
        Refused.with("dwords, offset", offset,
                () -> read("{'base': '0x1', 'dwords': {'" + offset + "': '0x0'}}"));
    }

    @Test
    void aFaultIsPlacedInBytes() {
        Refused.at(9, "base", "nonsense", () -> read("{'base': 'nonsense', 'dwords': {}}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'base':'0x1','base':'0x1','dwords':{}} | base",
        "{'base':'0x1','dwords':{},'dwords':{}} | dwords",
        "{'base':'0x1','dwords':{'0x0':'0x1','0x00':'0x1'}} | dwords.0x00"})
    void aKeyTwiceIsRefused(String json, String field) {
        Refused.with(field, "a second one", () -> read(json));
    }

    @Test
    void aMissingMemberIsRefused() {
        Refused.with("base", "nothing", () -> read("{'dwords': {}}"));
        Refused.with("dwords", "nothing", () -> read("{'base': '0x1'}"));
        Refused.with("base", "nothing", () -> read("{}"));
    }

    @Test
    void whatFollowsTheDocumentIsRefused() {
        Refused.with("document", "{", () -> read("{'base': '0x1', 'dwords': {}} {}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{'base'", "{'base': '0x1', 'dwords': {'0x0'", "{'base': '0x1',}",
        "base", "{'base': '0x1' 'dwords': {}}", "{'x': [}", "{'x': [[[["})
    void whatIsNoJsonIsRefused(String json) {
        Refused.with("JSON", "", () -> read(json));
    }

    @Test
    void deepNestingIsRefused() {
        String deep = "[".repeat(100_000);
        Refused.with("JSON", "", () -> read("{'x': " + deep));
    }

    @Test
    void aFileThatIsTooLargeIsRefused(@org.junit.jupiter.api.io.TempDir Path folder)
            throws IOException {
        Path file = folder.resolve("regs.json");
        Files.write(file, new byte[RegisterWords.MAX_BYTES + 1]);
        Refused.with("size", "more bytes", () -> RegisterWords.read(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0x10", "0x60", "0xff"})
    void aVersionOfVtdIsTaken(String version) throws FormatException {
        RegisterWords words = read("{'base':'0x1','dwords':{'0x0':'" + version + "'}}");
        assertThatCode(words::requireVtd).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0x0", "0xf", "0x110", "0x11d0007", "0xffffffff"})
    void wordsOfAnotherVendorAreRefused(String version) throws FormatException {
        RegisterWords words = read("{'base':'0x1','dwords':{'0x0':'" + version + "'}}");
        Refused.with("dwords.0x0 (VER_REG)", version, words::requireVtd);
    }

    @Test
    void wordsWithoutVersionAreRefused() throws FormatException {
        RegisterWords words = read("{'base':'0x1','dwords':{'0x4':'0x0'}}");
        Refused.with("dwords.0x0 (VER_REG)", "nothing", words::requireVtd);
    }

    @Test
    void withoutAVersionTheStatusOfAVtdUnitWillDo() throws FormatException {
        RegisterWords words = read("{'base':'0x1','dwords':{'0x1c':'0xc7000000'}}");
        assertThatCode(words::requireVtd).doesNotThrowAnyException();
    }

    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        byte[] good = Files.readAllBytes(LabFiles.capture("vtd1/iommu-regs.json"));
        Mutations.survive("registers", good, bad -> RegisterWords.read("regs.json", bad));
    }

    @Test
    void realRegistersAreRead() throws IOException {
        RegisterWords words = RegisterWords.read(LabFiles.capture("vtdsm1/iommu-regs.json"));
        assertThat(words.words()).hasSize(140);
        words.requireVtd();
    }
}
