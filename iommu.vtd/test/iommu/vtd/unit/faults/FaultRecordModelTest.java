// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.Capability;
import iommu.vtd.FaultRecording;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;

/**
 * Random faults and clearings beside a plain ring: which record a fault gets, when the overflow is
 * noted, and when the event is sent.
 */
class FaultRecordModelTest {

    /** What a record holds; a page of 0 for one that is not pending. */
    private record Held(int source, long page, boolean read) { }

    private Bench bench;
    private RandomStream random;
    private Held[] ring;
    private int next;
    private int firstPending;
    private boolean overflow;
    private boolean masked;
    private boolean eventPending;
    private int events;

    private void use(int records) {
        bench = Bench.legacy(Capability.NFR.with(Bench.CAP, records - 1), Bench.ECAP, Map.of());
        bench.write(VtdRegisters.FECTL, 0);
        ring = new Held[records];
    }

    private boolean anyPending() {
        for (Held held : ring) {
            if (held != null) {
                return true;
            }
        }
        return false;
    }

    private void fault() {
        var held = new Held(0x100 + random.nextInt(4), (1L + random.nextInt(0xfffff)) << 12,
                random.oneIn(2));
        bench.unit.translate(held.source, held.page | 0x123,
                held.read ? Access.READ : Access.WRITE);
        if (overflow) {
            return;
        }
        if (ring[next] != null) {
            overflow = true;
            return;
        }
        if (!anyPending()) {
            firstPending = next;
            if (masked) {
                eventPending = true;
            } else {
                events++;
            }
        }
        ring[next] = held;
        next = (next + 1) % ring.length;
    }

    private void clearRecord() {
        int i = random.nextInt(ring.length);
        bench.write(VtdRegisters.faultRecordHigh(bench.cap, i), FaultRecording.F.mask());
        ring[i] = null;
        serviced();
    }

    private void clearOverflow() {
        bench.write(VtdRegisters.FSTS, VtdRegisters.PFO.mask());
        overflow = false;
        serviced();
    }

    /** An event that pends goes when no condition is left. */
    private void serviced() {
        if (!overflow && !anyPending()) {
            eventPending = false;
        }
    }

    private void mask(boolean on) {
        bench.write(VtdRegisters.FECTL, on ? VtdRegisters.IM.mask() : 0);
        masked = on;
        if (!on && eventPending) {
            eventPending = false;
            events++;
        }
    }

    private void check() {
        long status = bench.read(VtdRegisters.FSTS);
        assertThat(VtdRegisters.PFO.isSet(status)).as("PFO").isEqualTo(overflow);
        assertThat(VtdRegisters.PPF.isSet(status)).as("PPF").isEqualTo(anyPending());
        if (anyPending()) {
            assertThat(VtdRegisters.FRI.of(status)).as("FRI").isEqualTo(firstPending);
        }
        assertThat(VtdRegisters.IP.isSet(bench.read(VtdRegisters.FECTL))).as("IP")
                .isEqualTo(eventPending);
        assertThat(bench.interrupts).as("events").isEqualTo(events);
        for (int i = 0; i < ring.length; i++) {
            checkRecord(i);
        }
    }

    private void checkRecord(int i) {
        Register low = VtdRegisters.faultRecordLow(bench.cap, i);
        long high = bench.read(VtdRegisters.faultRecordHigh(bench.cap, i));
        assertThat(FaultRecording.F.isSet(high)).as("F of %d", i).isEqualTo(ring[i] != null);
        if (ring[i] != null) {
            assertThat(FaultRecording.SID.of(high)).isEqualTo(ring[i].source);
            assertThat(FaultRecording.T.isSet(high)).isEqualTo(ring[i].read);
            assertThat(FaultRecording.FR.of(high)).isEqualTo(1);
            assertThat(bench.read(low)).isEqualTo(ring[i].page);
        }
    }

    @Seeds(count = 24)
    void recordsAreFilledAndClearedAsARing(long seed) {
        random = new RandomStream(seed, "vtd records");
        use(1 + random.nextInt(8));
        for (int i = 0; i < 300; i++) {
            switch (random.nextInt(8)) {
                case 0, 1 -> clearRecord();
                case 2 -> clearOverflow();
                case 3 -> mask(random.oneIn(2));
                default -> fault();
            }
            check();
        }
        assertThat(events).isPositive();
    }

    /** As kernels do it: every record from the index on, then the overflow. */
    @Seeds(count = 8)
    void aServiceRoutineThatStartsAtTheIndexSeesTheFaultsInTheirOrder(long seed) {
        random = new RandomStream(seed, "vtd service");
        use(1 + random.nextInt(8));
        long last = 0;
        for (int round = 0; round < 30; round++) {
            int count = 1 + random.nextInt(ring.length + 2);
            for (int i = 0; i < count; i++) {
                bench.unit.translate(0x100, (long) (round * 16 + i + 1) << 12, Access.READ);
            }
            int index = (int) VtdRegisters.FRI.of(bench.read(VtdRegisters.FSTS));
            int seen = 0;
            for (int i = index; seen < ring.length; i = (i + 1) % ring.length) {
                Register high = VtdRegisters.faultRecordHigh(bench.cap, i);
                if (!FaultRecording.F.isSet(bench.read(high))) {
                    break;
                }
                long page = bench.read(VtdRegisters.faultRecordLow(bench.cap, i));
                assertThat(page).isGreaterThan(last);
                last = page;
                bench.write(high, FaultRecording.F.mask());
                seen++;
            }
            assertThat(seen).isEqualTo(Math.min(count, ring.length));
            assertThat(VtdRegisters.PFO.isSet(bench.read(VtdRegisters.FSTS)))
                    .isEqualTo(count > ring.length);
            bench.write(VtdRegisters.FSTS, VtdRegisters.PFO.mask());
            assertThat(bench.read(VtdRegisters.FSTS) & 0xff).isZero();
        }
    }
}
