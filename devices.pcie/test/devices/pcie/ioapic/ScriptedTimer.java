// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import iommu.api.pcie.Message;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import java.util.ArrayList;
import java.util.List;

/** A port before no hardware: it notes what code does, and says how many ticks each check sees. */
final class ScriptedTimer implements InterruptControllers.Port {

    final List<String> done = new ArrayList<>();
    final List<String> console = new ArrayList<>();
    final List<String> checks = new ArrayList<>();
    /** Message of this kernel's table by source; null if it has none. */
    Message remapped;
    private final List<IoApic> all;
    private final long[] arrivals;
    private int pauses;
    private long taken;

    /** Makes one whose checks see so many ticks, one after the other. */
    ScriptedTimer(List<IoApic> all, long... arrivals) {
        this.all = all;
        this.arrivals = arrivals;
    }

    private void note(String format, Object... values) {
        done.add(String.format(format, values));
    }

    @Override
    public List<IoApic> controllers() {
        return all;
    }

    @Override
    public int read(long physicalAddress) {
        note("read %x", physicalAddress);
        return 0;
    }

    @Override
    public void write(long physicalAddress, int value) {
        note("%x=%x", physicalAddress, value);
    }

    @Override
    public void writePort(int port, int value) {
        note("port %x=%x", port, value);
    }

    @Override
    public void entry(IoApic of, int input, long value, Runnable writes) {
        note("entry %d of %d: %x", input, of.id(), value);
        writes.run();
    }

    @Override
    public Message remapped(IoApic of, int input, int vector) {
        return remapped == null ? null : new Message(remapped.address(), remapped.data());
    }

    @Override
    public void pause(long nanos) {
        note("pause %d", nanos);
        taken += arrivals[pauses++];
    }

    @Override
    public long taken(int vector) {
        note("taken %x", vector);
        return taken;
    }

    @Override
    public void checked(IoApic of, int input, long arrived, boolean works) {
        checks.add(input + " of " + of.id() + ": " + arrived + " " + works);
    }

    @Override
    public void print(String line) {
        console.add(line);
    }
}
