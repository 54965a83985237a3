// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Interrupts of functions of which texts tell nothing, and where tables of MSI-X lie. */
class MessageAssumptionTest {

    private final List<String> remarks = new ArrayList<>();

    private static FunctionFacts facts(int classCode, ExpressType express) {
        return new FunctionFacts(RequesterId.parse("0000:02:00.0")).classCode(classCode)
                .express(0, express);
    }

    /** Class, type; whether MSI is assumed, and how many vectors of MSI-X. */
    @ParameterizedTest
    @CsvSource({
        "0x010802, ENDPOINT, true, 16",
        "0x010601, CONVENTIONAL, true, 0",
        "0x020000, ENDPOINT, true, 0",
        "0x020000, CONVENTIONAL, false, 0",
        "0x060100, ENDPOINT, false, 0",
        "0x060400, ROOT_PORT, false, 0"})
    void storageAndExpressFunctionsHaveMsi(String code, ExpressType type, boolean msi,
            int vectors) {
        FunctionFacts f = facts(Integer.decode(code), type);
        MessageAssumption.complete(List.of(f), remarks);
        assertThat(f.msiAt != FunctionFacts.UNTOLD).isEqualTo(msi);
        assertThat(f.vectors).isEqualTo(vectors);
        assertThat(remarks).hasSize(msi ? 1 : 0);
    }

    @Test
    void whereOneTextTellsOfInterruptsNothingIsAssumed() {
        FunctionFacts silent = facts(0x010802, ExpressType.ENDPOINT);
        MessageAssumption.complete(List.of(silent,
                facts(0x020000, ExpressType.ENDPOINT).msi(0x50)), remarks);
        MessageAssumption.complete(List.of(silent,
                facts(0x020000, ExpressType.ENDPOINT).msiX(0x50, 1, false)), remarks);
        assertThat(silent.msiAt).isEqualTo(FunctionFacts.UNTOLD);
        assertThat(silent.vectors).isZero();
        assertThat(remarks).isEmpty();
    }

    @Test
    void anNvmeControllerWithoutBaseAddressesHasItsTableBehindItsRegisters() {
        FunctionFacts f = facts(0x010802, ExpressType.ENDPOINT);
        MessageAssumption.complete(List.of(f), remarks);
        assertThat(table(f)).isEqualTo(0x2000);
        FunctionFacts told = facts(0x010802, ExpressType.ENDPOINT)
                .bar(0, 0xf000_0000L, 0x4000, false, false, false);
        MessageAssumption.complete(List.of(told), remarks);
        assertThat(table(told)).as("upper half of what is there").isEqualTo(0x2000);
        assertThat(pending(told)).as("last quarter").isEqualTo(0x3000);
    }

    private static FunctionConfig written(FunctionFacts f) {
        var writer = new ConfigWriter(f.requester);
        MessageAssumption.writeMsiX(f, writer);
        return writer.build(true);
    }

    private static int at(FunctionConfig config) {
        return Capabilities.find(config::read, Capabilities.MSI_X);
    }

    private static int table(FunctionFacts f) {
        FunctionConfig config = written(f);
        return config.read(at(config) + 4, 4);
    }

    private static int pending(FunctionFacts f) {
        FunctionConfig config = written(f);
        return config.read(at(config) + 8, 4);
    }

    @Test
    void theTableLiesInTheLastMemoryBar() {
        FunctionFacts f = new FunctionFacts(0).msiX(0x70, 4, true)
                .bar(0, 0xf000_0000L, 0x1000, false, false, false)
                .bar(2, 0xf100_0000L, 0x10000, false, false, false)
                .bar(5, 0x3000, 0x20, false, false, true);
        assertThat(table(f)).isEqualTo(0x8002);
        assertThat(pending(f)).isEqualTo(0xc002);
        FunctionConfig config = written(f);
        assertThat(at(config)).isEqualTo(0x70);
        assertThat(config.read(0x72, 2)).as("on, size less one").isEqualTo(0x8003);
    }

    /** A quarter of the space for entries of 16 bytes, no more. */
    @ParameterizedTest
    @CsvSource({"64, 0x1000, true", "65, 0x1000, false", "1, 0x40, true", "1, 0x20, false",
        "2048, 0x20000, true", "2048, 0x10000, false", "4, 0x80000000, false"})
    void aTableThatDoesNotFitIsNotThere(int vectors, String bytes, boolean there) {
        FunctionFacts f = new FunctionFacts(0).msiX(0, vectors, false)
                .bar(0, 0x8000_0000L, Long.decode(bytes), false, false, false);
        assertThat(at(written(f)) > 0).isEqualTo(there);
    }

    @Test
    void withoutMemoryOfItsOwnThereIsNoneUnlessItsPlaceIsTold() {
        FunctionFacts f = new FunctionFacts(0).msiX(0, 4, false)
                .bar(0, 0x3000, 0x20, false, false, true);
        assertThat(at(written(f))).isLessThanOrEqualTo(0);
        f.msiXPlace(0x1003, 0x2003);
        assertThat(table(f)).isEqualTo(0x1003);
        assertThat(pending(f)).isEqualTo(0x2003);
    }
}
