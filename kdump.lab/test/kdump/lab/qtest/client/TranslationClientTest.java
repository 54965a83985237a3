// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import static kdump.lab.qtest.client.TranslationClient.DOMAIN;
import static kdump.lab.qtest.client.TranslationClient.DONE;
import static kdump.lab.qtest.client.TranslationClient.IOVA;
import static kdump.lab.qtest.client.TranslationClient.MISMATCH;
import static kdump.lab.qtest.client.TranslationClient.WRITE_FAILED;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import kdump.lab.qtest.client.TranslationClient.Way;
import kdump.lab.qtest.differ.Oracle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What QEMU's qtests ask of VT-d with the help of a device that writes by DMA and looks where it
 * went, in our own words, of QEMU 11 and of our machine under its profile. Source: the questions
 * are those of QEMU's tests/qtest: iommu-intel-test, and that of IOTLB invalidations.
 */
@Timeout(120)
class TranslationClientTest {

    private static final long PAGE_A = 0x1010_0000L;
    private static final long PAGE_B = 0x1020_0000L;
    private static final long OTHER = 0x1030_0000L;
    private static final long NEXT = IOVA + 0x1000;

    /** Descriptors of what a kernel invalidates by: globally, a domain, a page. */
    private enum Scope {
        GLOBAL(1, false), OF_DOMAIN(2, false), OF_PAGE(3, true);

        private final long low;
        private final long high;

        Scope(int granularity, boolean page) {
            low = granularity << 4 | 2 | (granularity > 1 ? DOMAIN << 16 : 0);
            high = page ? IOVA : 0;
        }
    }

    static Stream<Maker> makers() {
        return Maker.of(Oracle.QEMU_11);
    }

    static Stream<Arguments> ways() {
        return makers().flatMap(m -> Arrays.stream(Way.values()).map(w -> Arguments.of(m, w)));
    }

    static Stream<Arguments> mapping() {
        return makers().flatMap(m -> Arrays.stream(Way.values()).filter(w -> !w.isPassThrough())
                .map(w -> Arguments.of(m, w)));
    }

    static Stream<Arguments> invalidations() {
        return makers().flatMap(m -> Arrays.stream(Way.values()).filter(w -> !w.isPassThrough())
                .flatMap(w -> Arrays.stream(Scope.values()).map(s -> Arguments.of(m, w, s))));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("ways")
    void writeGetsWhereTheTablesLead(Maker maker, Way way) throws Exception {
        try (var machine = new TranslationClient(maker, way)) {
            machine.map(IOVA, PAGE_A);
            machine.enable();
            long place = way.isPassThrough() ? 0x1040_0000L : PAGE_A;
            long address = way.isPassThrough() ? place : IOVA;
            assertThat(machine.write(address, place)).isEqualTo(DONE);
            assertThat(machine.word(place)).isEqualTo(0x1234_5678);
            assertThat(machine.write(address + 8, place)).as("looked for in another place")
                    .isEqualTo(DONE);
            machine.word(place, 0);
            assertThat(machine.write(address + 8, place)).isEqualTo(MISMATCH);
            assertThat(machine.write(IOVA + 0x10_0000_0000L, place)).as("mapped nowhere")
                    .isEqualTo(WRITE_FAILED);
        }
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("invalidations")
    void whatIsCachedGoesByAnInvalidation(Maker maker, Way way, Scope scope) throws Exception {
        try (var machine = new TranslationClient(maker, way)) {
            machine.map(IOVA, PAGE_A);
            machine.enable();
            assertThat(machine.write(IOVA, PAGE_A)).isEqualTo(DONE);
            machine.map(IOVA, PAGE_B);
            assertThat(machine.write(IOVA, PAGE_B)).as("cached").isEqualTo(MISMATCH);
            machine.invalidate(scope.low, scope.high);
            assertThat(machine.write(IOVA, PAGE_B)).isEqualTo(DONE);
        }
    }

    /** QEMU drops all first-stage pages of the domain; of the second stage just that one. */
    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("mapping")
    void pageNextToTheInvalidatedOneStays(Maker maker, Way way) throws Exception {
        try (var machine = new TranslationClient(maker, way)) {
            machine.map(IOVA, PAGE_A);
            machine.map(NEXT, OTHER);
            machine.enable();
            assertThat(machine.write(IOVA, PAGE_A)).isEqualTo(DONE);
            assertThat(machine.write(NEXT, OTHER)).isEqualTo(DONE);
            machine.map(IOVA, PAGE_B);
            machine.map(NEXT, PAGE_B);
            machine.invalidate(Scope.OF_PAGE.low, Scope.OF_PAGE.high);
            assertThat(machine.write(IOVA, PAGE_B)).isEqualTo(DONE);
            machine.word(OTHER, 0);
            machine.word(PAGE_B, 0);
            assertThat(machine.write(NEXT, OTHER)).isEqualTo(way == Way.FIRST_STAGE ? MISMATCH
                    : DONE);
        }
    }

    /** Registers, and what each kind of misuse comes to. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("makers")
    void deviceRefusesWhatItCannotDo(Maker maker) throws Exception {
        try (var machine = new TranslationClient(maker, Way.LEGACY)) {
            assertThat(machine.register(0x10)).as("idle").isEqualTo(0xffff_ffffL);
            assertThat(machine.register(0x18)).as("attributes").isEqualTo(2);
            assertThat(machine.trigger()).as("not armed").isEqualTo(0xdead_0005L);
            assertThat(machine.write(PAGE_A, PAGE_A, 0)).as("no length").isEqualTo(0xdead_0001L);
            assertThat(machine.write(PAGE_A, PAGE_A, 8191)).as("two pages").isEqualTo(DONE);
            assertThat(machine.write(PAGE_A, 0xd000_0000L)).as("looked for where nothing is")
                    .isEqualTo(0xdead_0003L);
            assertThat(machine.write(0xd000_0000L, PAGE_A)).isEqualTo(WRITE_FAILED);
            assertThat(machine.write(0x1fff_fffcL, 0x1fff_fffcL, 8)).as("beyond memory")
                    .isEqualTo(WRITE_FAILED);
            assertThat(machine.trigger()).as("once").isEqualTo(0xdead_0005L);
            var results = new LinkedHashMap<Integer, Long>();
            for (int attributes = 0; attributes < 16; attributes++) {
                machine.register(0x18, attributes);
                assertThat(machine.register(0x18)).isEqualTo(attributes);
                results.put(attributes, machine.write(PAGE_A, PAGE_A));
            }
            assertThat(results).containsAllEntriesOf(Map.of(8, 0xdead_0006L, 11, 0xdead_0006L));
            assertThat(results.values()).filteredOn(r -> r == DONE).hasSize(14);
            machine.register(0x14, 1);
            machine.register(0x14, 0);
            assertThat(machine.register(0x10)).as("disarmed").isEqualTo(0xffff_ffffL);
            machine.register(0x10, 7);
            assertThat(machine.register(0x10)).isEqualTo(7);
            assertThat(machine.register(0x24)).isZero();
            machine.client().reset();
            assertThat(machine.client().number("readl 0xe0000018")).as("BAR is gone").isZero();
        }
    }
}
