// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The lists of capabilities, as captured or as a broken device shows them. */
class CapabilitiesTest {

    private static final int MAX = 48;

    private final byte[] config = new byte[4096];
    private final FunctionConfig function = new FunctionConfig(0x100, config);

    private CapabilitiesTest list(int first) {
        config[0x06] = 0x10;
        config[0x34] = (byte) first;
        return this;
    }

    private CapabilitiesTest capability(int at, int id, int next) {
        config[at] = (byte) id;
        config[at + 1] = (byte) next;
        return this;
    }

    private CapabilitiesTest extended(int at, int id, int next) {
        int header = id | 1 << 16 | next << 20;
        for (int i = 0; i < 4; i++) {
            config[at + i] = (byte) (header >>> 8 * i);
        }
        return this;
    }

    private List<String> visited() {
        List<String> told = new ArrayList<>();
        Capabilities.visit(function::read, (id, offset) ->
                told.add(Integer.toHexString(id) + "@" + Integer.toHexString(offset)));
        return told;
    }

    private int find(int id) {
        return Capabilities.find(function::read, id);
    }

    private int findExtended(int id) {
        return Capabilities.findExtended(function::read, id);
    }

    // ---- the list of the first 256 bytes --------------------------------------------------------

    @Test
    void capabilitiesAreToldInTheOrderOfTheListNotOfTheirOffsets() {
        list(0x80).capability(0x80, 1, 0x40).capability(0x40, 0x11, 0xfc).capability(0xfc, 5, 0);
        assertThat(visited()).containsExactly("1@80", "11@40", "5@fc");
        assertThat(find(Capabilities.MSI)).isEqualTo(0xfc);
        assertThat(find(Capabilities.MSI_X)).isEqualTo(0x40);
        assertThat(find(Capabilities.EXPRESS)).isZero();
    }

    @Test
    void ofTwoWithOneIdTheFirstOfTheListIsFound() {
        list(0x80).capability(0x80, 9, 0x40).capability(0x40, 9, 0);
        assertThat(find(9)).isEqualTo(0x80);
    }

    @ParameterizedTest(name = "Status {0}")
    @CsvSource({"0x00, false", "0xef, false", "0x10, true", "0xff, true"})
    void statusBit4SaysWhetherThereIsAList(String status, boolean list) {
        list(0x40).capability(0x40, 5, 0);
        config[0x06] = Integer.decode(status).byteValue();
        assertThat(visited()).hasSize(list ? 1 : 0);
        assertThat(find(5)).isEqualTo(list ? 0x40 : 0);
    }

    /** Bits 1:0 of pointers are reserved: software masks them. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void reservedBitsOfPointersAreLeftOut(int bits) {
        list(0x40 | bits).capability(0x40, 1, 0x50 | bits).capability(0x50, 5, bits);
        assertThat(visited()).containsExactly("1@40", "5@50");
        assertThat(find(5)).isEqualTo(0x50);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x00, 0x08, 0x2c, 0x3c, 0x3f})
    void aPointerIntoTheHeaderEndsTheList(int next) {
        list(0x40).capability(0x40, 1, next);
        config[next & 0xfc] = 5;
        assertThat(visited()).containsExactly("1@40");
        list(next);
        assertThat(visited()).isEmpty();
        assertThat(find(1)).isZero();
    }

    @ParameterizedTest(name = "{0} leads to {1}")
    @CsvSource({"0x40, 0x40", "0x50, 0x40", "0x60, 0x50"})
    void aListThatLoopsEnds(String last, String next) {
        list(0x40).capability(0x40, 1, 0x50).capability(0x50, 9, 0x60).capability(0x60, 0x10, 0)
                .capability(Integer.decode(last), 1, Integer.decode(next));
        assertThat(visited()).hasSize(MAX).startsWith("1@40");
        assertThat(find(Capabilities.MSI)).isZero();
    }

    @Test
    void theLongestListFillsItsSpaceAndIsReadToItsEnd() {
        list(0x40);
        for (int at = 0x40; at < 0x100; at += 4) {
            capability(at, at == 0xfc ? 5 : 9, at == 0xfc ? 0 : at + 4);
        }
        assertThat(visited()).hasSize(MAX).last().isEqualTo("5@fc");
        assertThat(find(5)).isEqualTo(0xfc);
    }

    @Test
    void aVisitorStopsTheWalk() {
        list(0x40).capability(0x40, 1, 0x50).capability(0x50, 9, 0x60).capability(0x60, 5, 0);
        List<Integer> told = new ArrayList<>();
        Capabilities.visit(function::read, (id, offset) -> {
            told.add(offset);
            return id != 9;
        });
        assertThat(told).containsExactly(0x40, 0x50);
    }

    /** A function that is gone reads all ones: the list must end, and hold nothing known. */
    @Test
    void aFunctionThatDoesNotAnswerHasNoCapability() {
        Capabilities.ConfigReader gone = (offset, bytes) -> -1 >>> 32 - 8 * bytes;
        for (int id : new int[] {Capabilities.MSI, Capabilities.EXPRESS, Capabilities.MSI_X}) {
            assertThat(Capabilities.find(gone, id)).isZero();
        }
        assertThat(Capabilities.findExtended(gone,
                Capabilities.ADDRESS_TRANSLATION_SERVICES)).isZero();
    }

    @Seeds(count = 10)
    void noListOfRandomBytesIsReadForEver(long seed) {
        var random = new RandomStream(seed, "noise");
        for (int round = 0; round < 200; round++) {
            for (int i = 0; i < config.length; i++) {
                config[i] = (byte) random.nextInt(random.oneIn(8) ? 4 : 256);
            }
            config[0x06] |= 0x10;
            List<Integer> ids = new ArrayList<>();
            List<Integer> offsets = new ArrayList<>();
            Capabilities.visit(function::read, (id, offset) -> ids.add(id) && offsets.add(offset));
            assertThat(ids).hasSizeLessThanOrEqualTo(MAX);
            assertThat(offsets).allMatch(at -> at >= 0x40 && at <= 0xfc && at % 4 == 0);
            for (int id = 0; id < 256; id++) {
                int first = ids.indexOf(id);
                assertThat(find(id)).isEqualTo(first < 0 ? 0 : offsets.get(first));
            }
            int found = findExtended(random.nextInt(256));
            assertThat(found == 0 || found >= 0x100 && found <= 0xffc && found % 4 == 0).isTrue();
        }
    }

    // ---- the list of extended config space ------------------------------------------------------

    @Test
    void extendedCapabilitiesAreFoundAlongTheirOwnList() {
        extended(0x100, 1, 0x200).extended(0x200, 0x10, 0x180).extended(0x180, 0x0f, 0);
        assertThat(findExtended(1)).isEqualTo(0x100);
        assertThat(findExtended(0x10)).isEqualTo(0x200);
        assertThat(findExtended(Capabilities.ADDRESS_TRANSLATION_SERVICES)).isEqualTo(0x180);
        assertThat(findExtended(0x1b)).isZero();
    }

    @Test
    void theyNeedNoStatusBitAndNoClassicList() {
        extended(0x100, 0x0f, 0);
        assertThat(find(0x0f)).isZero();
        assertThat(findExtended(0x0f)).isEqualTo(0x100);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x100, 0x148, 0xffc})
    void anExtendedListThatLoopsEnds(int next) {
        extended(0x100, 1, 0x148).extended(0x148, 2, 0xffc).extended(0xffc, 3, next);
        assertThat(findExtended(3)).isEqualTo(0xffc);
        assertThat(findExtended(0x0f)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x004, 0x040, 0x0fc})
    void anExtendedListThatLeavesItsSpaceEnds(int next) {
        extended(0x100, 1, next).extended(next, 0x0f, 0);
        assertThat(findExtended(0x0f)).isZero();
    }

    @Test
    void anEmptyHeaderEndsTheListEvenIfItIsLookedFor() {
        assertThat(findExtended(0)).isZero();
        extended(0x100, 1, 0x140);
        assertThat(findExtended(0)).isZero();
    }

    /** The lowest two bits of the next pointer are reserved, those of its high nibble are not. */
    @Test
    void anExtendedPointerHasTwelveBitsOfWhichTwoAreReserved() {
        extended(0x100, 1, 0xfff).extended(0xffc, 2, 0);
        assertThat(findExtended(2)).isEqualTo(0xffc);
    }

    @ParameterizedTest
    @CsvSource({"64, false", "256, false", "4096, true"})
    void aShortCaptureHasNoExtendedList(int bytes, boolean found) {
        extended(0x100, 0x0f, 0);
        var captured = new FunctionConfig(8, java.util.Arrays.copyOf(config, bytes));
        assertThat(Capabilities.findExtended(captured::read, 0x0f))
                .isEqualTo(found ? 0x100 : 0);
    }

    @ParameterizedTest
    @CsvSource({"64, 0", "256, 0x40", "4096, 0x40"})
    void aCaptureOfTheHeaderAloneHasNoList(int bytes, String found) {
        list(0x40).capability(0x40, Capabilities.MSI, 0);
        var captured = new FunctionConfig(8, java.util.Arrays.copyOf(config, bytes));
        assertThat(Capabilities.find(captured::read, Capabilities.MSI))
                .isEqualTo(Integer.decode(found));
    }

    // ---- what was captured ----------------------------------------------------------------------

    @ParameterizedTest(name = "{0} bytes captured, {2} read at {1}")
    @CsvSource({"64, 0x3c, 4, 0x3f3e3d3c", "64, 0x3e, 4, 0xffff3f3e", "64, 0x40, 4, 0xffffffff",
        "64, 0x40, 2, 0xffff", "64, 0x3f, 1, 0x3f", "64, 0x40, 1, 0xff", "256, 0xfe, 2, 0xfffe",
        "256, 0xff, 2, 0xffff", "256, 0x100, 1, 0xff", "4096, 0xffc, 4, 0xfffefdfc",
        "4096, 0x1000, 4, 0xffffffff", "4096, 0x80, 1, 0x80", "4096, 0x81, 2, 0x8281"})
    void aRegisterReadsOnesBeyondWhatWasCaptured(int captured, String offset, int bytes,
            String value) {
        byte[] space = new byte[captured];
        for (int i = 0; i < captured; i++) {
            space[i] = (byte) i;
        }
        assertThat(new FunctionConfig(8, space).read(Integer.decode(offset), bytes))
                .isEqualTo((int) (long) Long.decode(value));
    }
}
