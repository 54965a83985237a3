// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;

/** The machine that a command line of QEMU describes. What is not understood is refused. */
public final class MachineOptions {

    /** Options that change nothing here and take no value. */
    private static final Set<String> SILENT = Set.of("nodefaults", "S", "nographic", "no-reboot",
            "no-user-config", "no-shutdown");
    /** Options with a value that change nothing here: nothing runs, is shown or counted. */
    private static final Set<String> SILENT_WITH_VALUE = Set.of("display", "qtest-log", "icount",
            "d", "name", "monitor", "serial", "parallel", "vga", "net", "nic", "rtc", "cpu",
            "smp", "boot", "uuid", "msg", "audio", "run-with");
    /** Options with a value that mean something. */
    private static final Set<String> WITH_VALUE = Set.of("machine", "M", "m", "device", "accel",
            "qtest", "bios", "D", "object", "trace", "drive", "blockdev", "netdev", "hardware",
            "chardev", "mon", "global");
    /** Properties of the machine that change nothing here. */
    private static final List<String> SILENT_OF_MACHINE = List.of("kernel-irqchip", "usb",
            "vmport", "smm", "graphics", "dump-guest-core", "mem-merge", "hpet", "pit", "i8042");
    private static final String MACHINE = "q35";
    /** A board without anything; clients ask it which devices there are. */
    private static final String NO_MACHINE = "none";
    private static final long LEAST_MEMORY = 0x2000;
    private static final Pattern IDENTIFIER = Pattern.compile("[a-zA-Z][-a-zA-Z0-9._]*");
    private static final long DEFAULT_MEMORY = 128L << 20;
    private static final long MIB = 1L << 20;

    private final List<Properties> devices = new ArrayList<>();
    private final Map<String, Backend> backends = new HashMap<>();
    private final HostBackends host = new HostBackends();
    private final Set<String> traced = new HashSet<>();
    private long memoryBytes;
    private boolean clockByHand;
    private byte[] bios = new byte[0];
    private boolean sata = true;
    private boolean smbus = true;
    private String backend;
    private Path log;
    private QemuVersion version = QemuVersion.V7_2;
    private final HostSockets sockets = new HostSockets();
    private final List<Properties> monitors = new ArrayList<>();
    private final GlobalProperties globals = new GlobalProperties();
    private boolean none;
    private UnitSlot unit;
    private FunctionSlots slots;

    private MachineOptions() { }

    /**
     * Reads a command line.
     *
     * @param directory that relative names of files start from
     * @throws LabException with one line, if something is not understood or a file cannot be read
     */
    public static MachineOptions parse(List<String> arguments, Path directory) throws LabException {
        var options = new MachineOptions();
        for (int i = 0; i < arguments.size(); i++) {
            String option = arguments.get(i);
            if (option.equals("--")) {
                continue;
            }
            String name = option.startsWith("--") ? option.substring(2)
                    : option.startsWith("-") ? option.substring(1) : "";
            if (SILENT.contains(name)) {
                continue;
            }
            if (!SILENT_WITH_VALUE.contains(name) && !WITH_VALUE.contains(name)) {
                throw new LabException("unknown option '" + option + "'");
            }
            if (++i == arguments.size()) {
                throw new LabException("option '" + option + "' needs a value");
            }
            options.take(name, arguments.get(i), directory);
        }
        for (Properties monitor : options.monitors) {
            options.sockets.monitor(monitor);
        }
        options.globals.give(options.devices);
        options.settleMemory();
        options.plugDevices();
        return options;
    }

    private void take(String name, String value, Path directory) throws LabException {
        switch (name) {
            case "machine", "M" -> machine(new Properties("-machine", value));
            case "m" -> memory(new Properties("-m", value));
            case "device" -> devices.add(new Properties("-device", value));
            case "object" -> {
                Backend made = Backend.of(new Properties("-object", value), directory);
                backends.put(made.id(), made);
            }
            case "drive" -> host.drive(Properties.listed("-drive", value), directory);
            case "blockdev" -> host.node(Properties.listed("-blockdev", value), directory);
            case "netdev" -> host.network(new Properties("-netdev", value));
            case "accel" -> accelerator(new Properties("-accel", value).value());
            case "qtest" -> sockets.qtest(value, directory);
            case "chardev" -> sockets.character(new Properties("-chardev", value), directory);
            case "mon" -> monitors.add(Properties.listed("-mon", value));
            case "global" -> globals.add(value);
            case "hardware" -> version = QemuVersion.ofProfile(value).orElseThrow(
                    () -> new LabException("--hardware '" + value + "', expected one of "
                            + QemuVersion.profiles()));
            case "bios" -> bios = read(directory.resolve(value));
            case "D" -> log = createEmpty(directory.resolve(value));
            case "trace" -> trace(new Properties("-trace", value), directory);
            default -> { }
        }
    }

    private void machine(Properties machine) throws LabException {
        none = machine.value().equals(NO_MACHINE);
        if (!none && !machine.value().equals(MACHINE)) {
            version = QemuVersion.ofMachine(machine.value()).orElseThrow(() -> new LabException(
                    "-machine '" + machine.value() + "', expected q35"));
        }
        String accelerator = machine.text("accel", null);
        if (accelerator != null) {
            accelerator(accelerator);
        }
        SILENT_OF_MACHINE.forEach(p -> machine.text(p, ""));
        sata = machine.flag("sata", sata);
        smbus = machine.flag("smbus", smbus);
        backend = machine.text("memory-backend", backend);
        machine.refuseOthers();
    }

    private void accelerator(String name) throws LabException {
        if (!name.equals("tcg")) {
            expect("accel", name, "qtest");
        }
        clockByHand = name.equals("qtest");
    }

    private void memory(Properties memory) throws LabException {
        String text = memory.text("size", memory.value().replaceFirst("^size=", ""));
        memory.text("slots", "");
        memory.text("maxmem", "");
        memory.refuseOthers();
        long bytes = Backend.size(text, MIB);
        if (bytes < 1) {
            throw new LabException("-m '" + text + "', expected 1 to 65536 (MiB)");
        }
        memoryBytes = bytes + 0x1fff & -0x2000L;
    }

    /** Names of events; with {@code file} they go there, as with {@code -D}. */
    private void trace(Properties trace, Path directory) throws LabException {
        String file = trace.text("file", null);
        log = file == null ? log : createEmpty(directory.resolve(file));
        traced.add(trace.text("enable", trace.value().replaceFirst("^enable=", "")));
    }

    private void settleMemory() throws LabException {
        if (backend == null) {
            memoryBytes = none ? LEAST_MEMORY
                    : memoryBytes == 0 ? DEFAULT_MEMORY : memoryBytes;
        } else if (backend() == null) {
            throw new LabException("Memory backend '" + backend + "' not found");
        } else if (memoryBytes == 0) {
            memoryBytes = backend().bytes();
        } else if (memoryBytes != backend().bytes()) {
            throw new LabException(
                    "Machine memory size does not match the size of the memory backend");
        }
    }

    // ---- devices --------------------------------------------------------------------------------

    private void plugDevices() throws LabException {
        var ids = new HashSet<String>();
        for (Properties device : devices) {
            String id = device.id();
            if (id != null && !IDENTIFIER.matcher(id).matches()) {
                throw device.refusal("Parameter 'id' expects an identifier");
            }
            if (id != null && !ids.add(id)) {
                throw device.refusal("Duplicate ID '" + id + "' for device");
            }
        }
        slots = none ? FunctionSlots.none() : new FunctionSlots(sata, smbus);
        for (Properties device : devices) {
            plug(device);
        }
    }

    private void plug(Properties device) throws LabException {
        Optional<FunctionKind> kind = FunctionKind.of(device.value(), version);
        if (none) {
            throw device.refusal("No '" + (kind.isPresent() ? "PCI" : "System")
                    + "' bus found for device '" + device.value() + "'");
        }
        if (kind.isPresent()) {
            slots.add(kind.get(), device, host);
            return;
        }
        switch (device.value()) {
            case "ide-hd" -> slots.addDisk(device, host);
            case "intel-iommu" -> unit(IntelIommu.slot(device, version), device);
            case "amd-iommu" -> {
                unit(AmdIommu.slot(device, version), device);
                slots.addUnit(AmdIommu.function(version), device);
            }
            default -> throw device.refusal("'" + device.value()
                    + "' is not a valid device model name");
        }
    }

    private void unit(UnitSlot slot, Properties device) throws LabException {
        if (unit != null) {
            throw device.refusal("QEMU does not support multiple vIOMMUs for x86 yet.");
        }
        unit = slot;
    }

    private static void expect(String option, String value, String known) throws LabException {
        if (!value.equals(known)) {
            throw new LabException("-" + option + " '" + value + "', expected " + known);
        }
    }

    private static byte[] read(Path file) throws LabException {
        try {
            byte[] bytes = Files.readAllBytes(file);
            if (bytes.length == 0 || bytes.length > 16 << 20 || bytes.length % 0x10000 != 0) {
                throw new LabException(file + ": " + bytes.length
                        + " bytes, expected a multiple of 64 KiB up to 16 MiB");
            }
            return bytes;
        } catch (IOException e) {
            throw new LabException(file + ": " + e.getMessage(), e);
        }
    }

    private static Path createEmpty(Path file) throws LabException {
        try {
            return Files.write(file, new byte[0]);
        } catch (IOException e) {
            throw new LabException(file + ": " + e.getMessage(), e);
        }
    }

    // ---- what they say --------------------------------------------------------------------------

    /** Returns the size of memory. */
    public long memoryBytes() {
        return memoryBytes;
    }

    /** Returns whether time moves only by clock_step and clock_set. */
    public boolean clockByHand() {
        return clockByHand;
    }

    /** Returns the version of QEMU whose machine it is. */
    public QemuVersion version() {
        return version;
    }

    /** Returns the sockets over which it is driven. */
    public HostSockets sockets() {
        return sockets;
    }

    /** Returns the remapping unit, or null. */
    public UnitSlot unit() {
        return unit;
    }

    /** Returns the PCI functions, a bridge before what is behind it. */
    public List<FunctionSlot> slots() {
        return slots.all();
    }

    /** Returns the names of the device models that the machine cannot do without. */
    public Set<String> models() {
        return slots.all().stream().map(s -> s.kind().hosted())
                .filter(h -> h != null && !h.isOurs()).map(Hosted::model)
                .collect(Collectors.toSet());
    }

    /** Returns what memory is made of, or null: zeros. */
    public Backend backend() {
        return backend == null ? null : backends.get(backend);
    }

    /** Returns the firmware; empty if there is none. */
    public byte[] bios() {
        return bios;
    }

    /** Returns the file that events go to, empty so far; null for none. */
    public Path log() {
        return log;
    }

    /** Returns the names of the events that are wanted; they may have a star. */
    public Set<String> traced() {
        return traced;
    }
}
