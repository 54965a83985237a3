// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.api.LabException;

/** The machine that a command line of QEMU describes. What is not understood is refused. */
final class MachineOptions {

    /** Options that change nothing here and take no value. */
    private static final Set<String> SILENT = Set.of("nodefaults", "S", "nographic", "no-reboot",
            "no-user-config", "no-shutdown");
    /** Options with a value that change nothing here: nothing is shown, traced or counted. */
    private static final Set<String> SILENT_WITH_VALUE = Set.of("display", "qtest-log", "icount",
            "trace", "d", "name", "monitor", "serial", "parallel", "vga", "net", "nic", "rtc");
    private static final Pattern SIZE = Pattern.compile("(?:size=)?(\\d+)([kKmMgG]?)");
    private static final Pattern PLACE = Pattern.compile("([0-9a-fA-F]{1,2})(?:\\.([0-7]))?");
    private static final long MAX_MEMORY = 64L << 30;

    private final List<EduSeat> edus = new ArrayList<>();
    private long memoryBytes = 128L << 20;
    private boolean clockByHand;
    private UnitSeat unit;
    private byte[] bios = new byte[0];
    private boolean sata = true;
    private boolean smbus = true;
    private String backend;
    private final Map<String, Path> files = new HashMap<>();

    /** An edu device and where it sits. */
    record EduSeat(int requester, long mask, boolean multifunction) { }

    private MachineOptions() { }

    /**
     * Reads a command line.
     *
     * @param directory that relative names of files start from
     * @throws LabException with one line, if something is not understood or a file cannot be read
     */
    static MachineOptions parse(List<String> arguments, Path directory) throws LabException {
        var options = new MachineOptions();
        for (int i = 0; i < arguments.size(); i++) {
            String option = arguments.get(i);
            String name = option.startsWith("--") ? option.substring(2)
                    : option.startsWith("-") ? option.substring(1) : "";
            if (SILENT.contains(name)) {
                continue;
            }
            if (!options.knows(name)) {
                throw new LabException("unknown option '" + option + "'");
            }
            if (++i == arguments.size()) {
                throw new LabException("option '" + option + "' needs a value");
            }
            options.take(name, arguments.get(i), directory);
        }
        if (options.backend != null && options.image() == null) {
            throw new LabException("-machine memory-backend '" + options.backend
                    + "', expected the id of an -object");
        }
        return options;
    }

    private boolean knows(String name) {
        return SILENT_WITH_VALUE.contains(name) || Set.of("machine", "M", "m", "device", "accel",
                "qtest", "bios", "D", "object").contains(name);
    }

    private void take(String name, String value, Path directory) throws LabException {
        switch (name) {
            case "machine", "M" -> machine(new Properties(value));
            case "m" -> memory(value);
            case "device" -> device(new Properties(value));
            case "object" -> object(new Properties(value), directory);
            case "accel" -> accelerator(new Properties(value).value());
            case "qtest" -> expect("qtest", value, "stdio");
            case "bios" -> bios = read(directory.resolve(value));
            case "D" -> createEmpty(directory.resolve(value));
            default -> { }
        }
    }

    private void machine(Properties machine) throws LabException {
        expect("machine", machine.value(), "q35");
        String accelerator = machine.text("accel", null);
        if (accelerator != null) {
            accelerator(accelerator);
        }
        machine.text("kernel-irqchip", "");
        sata = machine.flag("sata", true);
        smbus = machine.flag("smbus", true);
        backend = machine.text("memory-backend", null);
        machine.refuseOthers();
    }

    /** A file that memory begins as; what is written to memory stays out of it. */
    private void object(Properties object, Path directory) throws LabException {
        expect("object", object.value(), "memory-backend-file");
        expect("object share", object.text("share", "off"), "off");
        object.number("size", 0);
        Path file = directory.resolve(object.text("mem-path", ""));
        object.refuseOthers();
        if (!Files.isRegularFile(file)) {
            throw new LabException(file + ": no file");
        }
        files.put(object.id(), file);
    }

    private void accelerator(String name) throws LabException {
        if (!name.equals("tcg")) {
            expect("accel", name, "qtest");
        }
        clockByHand = name.equals("qtest");
    }

    private void memory(String value) throws LabException {
        Matcher size = SIZE.matcher(value);
        long number = size.matches() && size.group(1).length() < 16
                ? Long.parseLong(size.group(1)) : 0;
        int shift = !size.matches() ? 0 : switch (size.group(2).toLowerCase()) {
            case "k" -> 10;
            case "g" -> 30;
            default -> 20;
        };
        if (number < 1 || number > MAX_MEMORY >>> shift) {
            throw new LabException("-m '" + value + "', expected 1 to 65536 (MiB)");
        }
        memoryBytes = (number << shift) + 0x1fff & -0x2000L;
    }

    private void device(Properties device) throws LabException {
        switch (device.value()) {
            case "intel-iommu" -> unit(IntelIommu.seat(device));
            case "amd-iommu" -> unit(AmdIommu.seat(device, freeSlot()));
            case "edu" -> edus.add(edu(device));
            default -> throw new LabException("-device '" + device.value()
                    + "', expected intel-iommu, amd-iommu or edu");
        }
    }

    private void unit(UnitSeat seat) throws LabException {
        if (unit != null) {
            throw new LabException("-device: two remapping units, expected one");
        }
        unit = seat;
    }

    /** Returns where a device sits that names no place: the first slot that is empty so far. */
    private int freeSlot() {
        int slot = 1;
        while (isTaken(slot)) {
            slot++;
        }
        return slot << 3;
    }

    private boolean isTaken(int slot) {
        return edus.stream().anyMatch(e -> e.requester() >> 3 == slot);
    }

    private EduSeat edu(Properties device) throws LabException {
        String text = device.text("addr", "");
        Matcher place = PLACE.matcher(text);
        int slot = place.matches() ? Integer.parseInt(place.group(1), 16) : 32;
        if (slot == 0 || slot > 31) {
            throw new LabException("edu: addr '" + text + "', expected like 5.0, 01 to 1f");
        }
        int function = place.group(2) == null ? 0 : Integer.parseInt(place.group(2));
        var seat = new EduSeat(slot << 3 | function, device.number("dma_mask", (1L << 28) - 1),
                device.flag("multifunction", false));
        expect("device edu,bus", device.text("bus", "pcie.0"), "pcie.0");
        device.refuseOthers();
        if (unit != null && unit.functions().stream().anyMatch(
                f -> f.requesterId() >> 3 == seat.requester() >> 3)) {
            throw new LabException("edu: addr '" + text + "' is that of the remapping unit");
        }
        if (edus.stream().anyMatch(e -> e.requester() == seat.requester())) {
            throw new LabException("edu: two devices at addr " + text);
        }
        return seat;
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

    /** Clients read the log; nothing is logged here. */
    private static void createEmpty(Path file) throws LabException {
        try {
            Files.write(file, new byte[0]);
        } catch (IOException e) {
            throw new LabException(file + ": " + e.getMessage(), e);
        }
    }

    /** Returns the size of memory. */
    long memoryBytes() {
        return memoryBytes;
    }

    /** Returns whether time moves only by clock_step and clock_set. */
    boolean clockByHand() {
        return clockByHand;
    }

    /** Returns the remapping unit, or null. */
    UnitSeat unit() {
        return unit;
    }

    /** Returns the edu devices. */
    List<EduSeat> edus() {
        return edus;
    }

    /** Returns whether the SATA controller is there. */
    boolean sata() {
        return sata;
    }

    /** Returns whether the SMBus controller is there. */
    boolean smbus() {
        return smbus;
    }

    /** Returns the file that memory begins as, or null: as zeros. */
    Path image() {
        return backend == null ? null : files.get(backend);
    }

    /** Returns the firmware; empty if there is none. */
    byte[] bios() {
        return bios;
    }
}
