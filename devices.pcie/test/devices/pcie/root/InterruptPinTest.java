// SPDX-License-Identifier: Apache-2.0
package devices.pcie.root;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Upstream;
import iommu.api.sim.EventQueue;
import iommu.api.trace.Trace;
import iommu.api.unit.RootComplexFactory.Parts;
import iommu.api.unit.RootComplexFactory.Processor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The way of a pin's level to the processor. */
class InterruptPinTest {

    private final List<String> taken = new ArrayList<>();

    private static Upstream root(Processor processor) {
        return new RootComplexes().build(new Parts(
                PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x1000))), List.of(), id -> -1,
                address -> true, new AddressRange(0xfee0_0000L, 0xfef0_0000L), processor,
                new EventQueue(), new Trace()));
    }

    @Test
    void aLevelReachesTheProcessorAsItIs() {
        Upstream root = root(new Processor() {
            @Override
            public void interrupt(int alias, long interrupt, int data) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void interruptPin(int function, int pin, boolean asserted) {
                taken.add(Integer.toHexString(function) + " " + pin + " " + asserted);
            }
        });
        root.interruptPin(0x100, 2, true);
        root.interruptPin(0x100, 2, false);
        assertThat(taken).containsExactly("100 2 true", "100 2 false");
    }

    @Test
    void aProcessorThatTakesMessagesAloneDropsIt() {
        root((alias, interrupt, data) -> taken.add("message")).interruptPin(0x100, 1, true);
        assertThat(taken).isEmpty();
    }
}
