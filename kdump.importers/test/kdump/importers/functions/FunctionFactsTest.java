// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Bar;
import iommu.api.pcie.RequesterId;
import java.util.function.BiConsumer;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Of what is told twice of a function the first word counts, but for what kernels give anew. */
class FunctionFactsTest {

    private final FunctionFacts facts = new FunctionFacts(RequesterId.parse("0000:02:00.0"));

    private static Arguments word(BiConsumer<FunctionFacts, Integer> tell,
            ToIntFunction<FunctionFacts> known) {
        return Arguments.of(tell, known);
    }

    static Stream<Arguments> words() {
        return Stream.of(word((f, v) -> f.ids(v, 0), f -> f.vendor),
                word((f, v) -> f.ids(0, v), f -> f.device),
                word(FunctionFacts::subsystem, f -> f.subsystem),
                word(FunctionFacts::classCode, f -> f.classCode),
                word(FunctionFacts::revision, f -> f.revision),
                word(FunctionFacts::pin, f -> f.pin),
                word(FunctionFacts::command, f -> f.command),
                word(FunctionFacts::deviceControl, f -> f.deviceControl),
                word(FunctionFacts::rootControl, f -> f.rootControl),
                word(FunctionFacts::bridgeControl, f -> f.bridgeControl),
                word(FunctionFacts::msi, f -> f.msiAt),
                word(FunctionFacts::errorReporting, f -> f.errorReportingAt),
                word((f, v) -> f.translationServices(v, 0), f -> f.translationsAt));
    }

    @ParameterizedTest
    @MethodSource("words")
    void theFirstWordCounts(BiConsumer<FunctionFacts, Integer> tell,
            ToIntFunction<FunctionFacts> known) {
        assertThat(known.applyAsInt(facts)).isEqualTo(FunctionFacts.UNTOLD);
        tell.accept(facts, 0x40);
        tell.accept(facts, 0x80);
        assertThat(known.applyAsInt(facts)).isEqualTo(0x40);
    }

    @ParameterizedTest
    @CsvSource({"0x060400, true", "0x060401, true", "0x060000, false", "0x060700, false",
        "0x010802, false"})
    void aClassMakesABridge(String code, boolean bridge) {
        assertThat(facts.classCode(Integer.decode(code)).isBridge).isEqualTo(bridge);
    }

    @Test
    void aProgrammingInterfaceCompletesAClassThatLacksOne() {
        facts.classAndSubclass(0x0108).programmingInterface(0x102).programmingInterface(3);
        assertThat(facts.classCode).isEqualTo(0x010802);
        assertThat(facts.interfaceUntold).isFalse();
        var whole = new FunctionFacts(0).classCode(0x010802).classAndSubclass(0x0200);
        assertThat(whole.programmingInterface(0x33).classCode).isEqualTo(0x010802);
    }

    /** A bridge on bus 2. */
    @ParameterizedTest
    @CsvSource({"3, 3, true", "3, 255, true", "2, 5, false", "0, 0, false", "5, 4, false",
        "3, 256, false"})
    void busesBehindABridgeLieBehindIt(int first, int last, boolean taken) {
        facts.buses(first, last);
        assertThat(facts.isBridge).isTrue();
        assertThat(facts.secondary).isEqualTo(taken ? first : FunctionFacts.UNTOLD);
        assertThat(facts.subordinate).isEqualTo(taken ? last : FunctionFacts.UNTOLD);
        facts.buses(7, 9);
        assertThat(facts.secondary).as("the last word counts").isEqualTo(7);
    }

    @Test
    void driversAreToldOnceAndNoneIsAWordToo() {
        assertThat(facts.isBound()).isFalse();
        assertThat(facts.isUnbound()).isFalse();
        facts.driver("").driver("nvme");
        assertThat(facts.isBound()).isFalse();
        assertThat(facts.isUnbound()).isTrue();
        assertThat(new FunctionFacts(0).driver("nvme").driver("").isBound()).isTrue();
    }

    @Test
    void ofVectorsTheMostCountUpToWhatMsiXCanHave() {
        assertThat(facts.msiX(0, 5, false).msiX(0x70, 3, true).vectors).isEqualTo(5);
        assertThat(facts.msiXAt).isEqualTo(0x70);
        assertThat(facts.msiX(0, 100_000, false).vectors).isEqualTo(2048);
        assertThat(facts.msiXAt).as("0 tells nothing").isEqualTo(0x70);
        assertThat(facts.msiXOn).as("once on").isTrue();
    }

    @Test
    void halfOfWhereATableLiesMayComeLater() {
        facts.msiXPlace(0x2000, FunctionFacts.UNTOLD).msiXPlace(FunctionFacts.UNTOLD, 0x3000);
        assertThat(facts.msiXTable).isEqualTo(0x2000);
        assertThat(facts.msiXPending).isEqualTo(0x3000);
    }

    /** Index, address, bytes (0 if not told), wide, I/O; bytes taken, 0 for none. */
    @ParameterizedTest
    @CsvSource({
        "0, 0xf0000000, 0x4000, false, false, 0x4000",
        "0, 0xf0000000, 0, false, false, 0x10000",
        "0, 0xf0004000, 0, false, false, 0x4000",
        "5, 0x3000, 0x20, false, true, 0x20",
        "5, 0x3000, 0, false, true, 0x100",
        "0, 0x100000000, 0x4000, true, false, 0x4000",
        "0, 0x100000000, 0x4000, false, false, 0",
        "0, 0xf0000001, 0x4000, false, false, 0",
        "0, 0, 0x4000, false, false, 0",
        "0, -4096, 0x1000, true, false, 0",
        "-1, 0xf0000000, 0x4000, false, false, 0",
        "6, 0xf0000000, 0x4000, false, false, 0",
        "0, 0xf0000000, 0x3000, false, false, 0",
        "0, 0xf0000000, 8, false, false, 0"})
    void aBaseAddressIsTakenWhereARegisterCanBeLikeThat(int index, String address, String bytes,
            boolean wide, boolean io, String taken) {
        facts.bar(index, Long.decode(address), Long.decode(bytes), wide, false, io);
        Bar bar = facts.bars.get(index);
        assertThat(bar == null ? 0 : bar.bytes()).isEqualTo(Long.decode(taken));
        if (bar != null) {
            assertThat(facts.addresses).containsEntry(index, Long.decode(address));
            assertThat(bar.io()).isEqualTo(io);
        }
    }

    @Test
    void aBridgeHasTwoBaseAddressesAndAKernelMayGiveThemAnew() {
        facts.bridge();
        facts.bar(1, 0xf000_0000L, 0x1000, false, false, false);
        facts.bar(2, 0xf100_0000L, 0x1000, false, false, false);
        facts.bar(1, 0xf200_0000L, 0x2000, false, false, false);
        assertThat(facts.bars).containsOnlyKeys(1);
        assertThat(facts.addresses).containsExactly(java.util.Map.entry(1, 0xf200_0000L));
    }
}
