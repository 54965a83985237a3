// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace.Level;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.Machine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The dump page by page, by a driver that does as it is told. */
class DumpWriterTest {

    private static final int PAGE = PhysicalMemory.PAGE_BYTES;

    private final Stage stage = Stage.idle();
    private final Machine machine = stage.machine(Level.KEEP);
    private final PhysicalMemory memory = machine.memory();
    private final PciFunction disk = machine.functionsWithDevice().get(0);
    private final Kernel kernel = new Kernel(machine, stage.scenario().captureProfile(),
            new PageAllocator(List.of(machine.reservation()), new BitSet()), new IovaInUse(),
            Set.of());

    /** Writes straight onto the medium, but for what a test has asked of it. */
    private final class Straight implements DeviceDriver {

        private final List<Long> positions = new ArrayList<>();
        private int failsAt = Integer.MAX_VALUE;
        private int spoils;

        @Override
        public void start(Workload workload, long seed) { }

        @Override
        public long service() {
            return 0;
        }

        @Override
        public String probe() {
            return null;
        }

        @Override
        public String write(long physicalAddress, int bytes, long position) {
            if (positions.size() == failsAt) {
                return "the disk is full";
            }
            byte[] page = new byte[bytes];
            memory.read(physicalAddress, page, 0, bytes);
            page[17] ^= positions.size() < spoils ? 1 : 0;
            positions.add(position);
            machine.slot(disk.requesterId()).store(Medium.BLOCKS, position, page, 0, bytes);
            return null;
        }
    }

    private final Straight driver = new Straight();

    private DumpWriter writer() {
        machine.media().keep();
        return new DumpWriter(machine, kernel, disk.requesterId(), driver);
    }

    private static void finish(DumpWriter dump) {
        while (dump.step()) {
            continue;
        }
    }

    @Test
    void everyKnownPageOutsideOfTheReservationIsWrittenOnce() {
        List<Long> wanted = new ArrayList<>();
        memory.knownPages(page -> {
            if (!machine.reservation().contains(page) && memory.contains(page, PAGE)) {
                wanted.add(page / Medium.SECTOR_BYTES);
            }
        });
        DumpWriter dump = writer();
        assertThat(dump.pagesWanted()).isEqualTo(wanted.size());
        finish(dump);
        assertThat(driver.positions).isEqualTo(wanted).isNotEmpty();
        assertThat(dump.pagesWritten()).isEqualTo(wanted.size());
        assertThat(dump.copyErrors()).isZero();
        assertThat(dump.failure()).isNull();
        byte[] page = new byte[PAGE];
        for (long position : wanted) {
            memory.read(position * Medium.SECTOR_BYTES, page, 0, PAGE);
            assertThat(machine.media().holds(disk.requesterId(), Medium.BLOCKS, position, page))
                    .isTrue();
        }
    }

    @Test
    void pagesOfTheReservationAreNobodysToSave() {
        memory.write64(machine.reservation().start() + PAGE, 5);
        long free = machine.reservation().end();
        int before = writer().pagesWanted();
        memory.write64(machine.reservation().end() - PAGE, 5);
        assertThat(writer().pagesWanted()).isEqualTo(before);
        if (memory.contains(free, PAGE) && !memory.pageIsKnown(free)) {
            memory.write64(free, 5);
            assertThat(writer().pagesWanted()).as("a page that was written").isEqualTo(before + 1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5})
    void itStopsAtThePageThatCannotBeWritten(int page) {
        driver.failsAt = page;
        DumpWriter dump = writer();
        finish(dump);
        assertThat(dump.failure()).isEqualTo("dump stopped at page " + page + " of "
                + dump.pagesWanted() + ": the disk is full");
        assertThat(dump.pagesWritten()).isEqualTo(page);
        driver.failsAt = Integer.MAX_VALUE;
        assertThat(dump.step()).as("it is over").isFalse();
        assertThat(driver.positions).hasSize(page);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void pagesThatCameOutOtherwiseAreCountedAndItGoesOn(int spoilt) {
        driver.spoils = spoilt;
        DumpWriter dump = writer();
        finish(dump);
        assertThat(dump.copyErrors()).isEqualTo(spoilt);
        assertThat(dump.pagesWritten()).isEqualTo(dump.pagesWanted());
        assertThat(dump.failure()).isNull();
    }

    /** A unit that has a part in reads of the processor: one page is another, one is refused. */
    @Test
    void pagesThatTheProcessorReadsOtherwiseAreCounted() {
        List<Long> pages = new ArrayList<>();
        memory.knownPages(page -> {
            if (!machine.reservation().contains(page) && pages.size() < 3) {
                pages.add(page);
            }
        });
        byte[] other = new byte[PAGE];
        memory.write64(pages.get(0), 1);
        memory.write64(pages.get(1), 2);
        memory.write64(pages.get(2), 3);
        memory.read(pages.get(1), other, 0, PAGE);
        RemappingUnit plain = machine.units().get(0);
        machine.units().set(0, (RemappingUnit) Proxy.newProxyInstance(
                RemappingUnit.class.getClassLoader(), new Class<?>[] {RemappingUnit.class},
                (proxy, method, arguments) -> !method.getName().equals("processorRead")
                        ? method.invoke(plain, arguments)
                        : arguments[0].equals(pages.get(0)) ? Translation.to(pages.get(1), 12)
                        : arguments[0].equals(pages.get(2)) ? Translation.blocked(1)
                                : Translation.untranslated()));
        DumpWriter dump = writer();
        finish(dump);
        assertThat(dump.misread()).isEqualTo(2);
        assertThat(Stage.events(machine.trace())).filteredOn(e -> e.kind() == EventKind.DUMP_PAGE
                && e.b() != 0).extracting(Event::a, Event::b).containsExactly(
                        tuple(pages.get(0), pages.get(1)), tuple(pages.get(2), -1L));
        assertThat(dump.copyErrors()).as("written as it was read").isZero();
        assertThat(dump.leftOut()).isZero();
        assertThat(dump.leavesOut(pages.get(0))).isFalse();
        assertThat(machine.media().holds(disk.requesterId(), Medium.BLOCKS,
                pages.get(0) / Medium.SECTOR_BYTES, other)).isTrue();
        Arrays.fill(other, (byte) -1);
        assertThat(machine.media().holds(disk.requesterId(), Medium.BLOCKS,
                pages.get(2) / Medium.SECTOR_BYTES, other)).isTrue();
    }

    @Test
    void eachPageTakesItsTimeAndIsOnRecord() {
        kernel.startClock();
        DumpWriter dump = writer();
        int events = machine.trace().size();
        long before = machine.queue().nanos();
        dump.step();
        dump.step();
        assertThat(machine.queue().nanos() - before).isEqualTo(2 * kernel.costs().pageDump());
        List<Event> pages = Stage.events(machine.trace()).subList(events - 1,
                machine.trace().size() - 1).stream()
                .filter(e -> e.kind() == EventKind.DUMP_PAGE).toList();
        assertThat(pages).extracting(Event::a).containsExactly(driver.positions.get(0)
                        * Medium.SECTOR_BYTES,
                driver.positions.get(1) * Medium.SECTOR_BYTES);
    }
}
