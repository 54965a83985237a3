// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import example.vendor.MyVendor;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitDriver;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule finds the vendor that breaks it: the toy of the kit, with one thing wrong. */
class VendorCheckTest {

    private static final KernelProfile LINUX = KernelProfile.linux(KernelVersion.parse("6.1"));
    private static final int CONTROL = 0x08;
    private static final int INVALIDATE = 0x18;
    private static final int FAULT_ADDRESS = 0x40;

    /** Answers a call in place of the one behind, or goes on to it by {@link #on}. */
    @FunctionalInterface
    private interface Call {

        Object of(String method, Object[] arguments, Rest rest) throws Throwable;
    }

    @FunctionalInterface
    private interface Rest {

        Object on() throws Throwable;
    }

    private static <T> T wrapped(Class<T> type, T behind, Call call) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (self, method, arguments) -> call.of(method.getName(), arguments, () -> {
                    try {
                        return method.invoke(behind, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                })));
    }

    /** The toy with a fault. */
    private record Faulty(String fault) implements IommuVendor {

        @Override
        public String name() {
            return fault.equals("BAD_NAME") ? "Toy.1" : "my-vendor";
        }

        @Override
        public Set<String> kernelSettings() {
            return fault.equals("BAD_SETTING") ? Set.of("strict") : Set.of();
        }

        @Override
        public RemappingUnit unit(UnitProfile profile, PhysicalMemory memory) {
            UnitProfile known = switch (fault) {
                case "TAKES_ALL" -> new UnitProfile(profile.vendor(), profile.name(), 0,
                        profile.registers(), Map.of());
                case "FORGETS_REGISTERS" -> new UnitProfile(profile.vendor(), profile.name(), 0,
                        Map.of(), profile.settings());
                case "IS_ON" -> new UnitProfile(profile.vendor(), profile.name(), 0,
                        Map.of(0x0c, 1), profile.settings());
                default -> profile;
            };
            return wrapped(RemappingUnit.class, new MyVendor().unit(known, memory), this::unit);
        }

        private Object unit(String method, Object[] arguments, Rest rest) throws Throwable {
            return switch (fault + " " + method) {
                case "LETS_PASS translate" -> {
                    long outcome = (long) rest.on();
                    yield Translation.isBlocked(outcome)
                            ? Translation.to((long) arguments[1] & 0xffff_f000L, 12) : outcome;
                }
                case "SHIFTS translate" -> {
                    long outcome = (long) rest.on();
                    yield Translation.isBlocked(outcome) || Translation.isUntranslated(outcome)
                            ? outcome : outcome + 4096;
                }
                case "TELLS_NOTHING mappings", "IS_SILENT listener" -> null;
                case "EXPLAINS_WRONG explain" -> Translation.blocked(1);
                case "THROWS translate" -> throw new IllegalStateException("mine");
                case "READS_ON readRegister" -> 0L;
                case "COUNTS readRegister" -> System.nanoTime();
                default -> rest.on();
            };
        }

        @Override
        public UnitDriver driver(KernelProfile kernel, KernelPort port) {
            KernelPort filtered = wrapped(KernelPort.class, port, this::port);
            return wrapped(UnitDriver.class, new MyVendor().driver(kernel, filtered),
                    this::driver);
        }

        private Object port(String method, Object[] arguments, Rest rest) throws Throwable {
            boolean write = method.equals("writeRegister");
            int offset = write ? (int) arguments[0] : -1;
            boolean lost = fault.equals("NEVER_INVALIDATES") && offset == INVALIDATE
                    || fault.equals("NEVER_CLEARS") && offset >= FAULT_ADDRESS
                    || fault.equals("NEVER_ANNOUNCES") && offset == CONTROL
                            && ((long) arguments[2] & 2) != 0
                    || fault.equals("IS_MUTE") && method.equals("print");
            return lost ? null : rest.on();
        }

        private Object driver(String method, Object[] arguments, Rest rest) throws Throwable {
            return switch (fault + " " + method) {
                case "KEEPS_OLD startClean", "ADOPTS_NOTHING adoptTables" -> null;
                case "HAS_NONE hasTables" -> false;
                default -> rest.on();
            };
        }
    }

    private static Consumer<String> rule(String name) {
        return fault -> {
            var check = new VendorCheck(new Faulty(fault), LINUX);
            var running = new TakeOverCheck(new Faulty(fault), LINUX);
            var hostile = new HostileTables(new Faulty(fault), LINUX);
            switch (name) {
                case "isWellNamed" -> check.isWellNamed();
                case "isOffAfterAReset" -> check.isOffAfterAReset();
                case "translatesWhatIsMapped" -> check.translatesWhatIsMapped();
                case "mapsLargeRanges" -> check.mapsLargeRanges();
                case "forgetsWhatIsUnmapped" -> check.forgetsWhatIsUnmapped();
                case "recordsFaults" -> check.recordsFaults();
                case "goesOnFromItsRegisters" -> running.goesOnFromItsRegisters();
                case "isTakenOver" -> running.isTakenOver();
                case "isStartedAnew" -> running.isStartedAnew();
                case "anyRegisterMayBeWritten" -> hostile.anyRegisterMayBeWritten();
                default -> hostile.anyTableMayBeFound();
            }
        };
    }

    @ParameterizedTest
    @CsvSource({"BAD_NAME, isWellNamed, is not of small letters",
        "BAD_SETTING, isWellNamed, does not begin with the vendor's name",
        "TAKES_ALL, isWellNamed, takes a setting that nobody knows",
        "IS_ON, isOffAfterAReset, translates after a reset",
        "LETS_PASS, translatesWhatIsMapped, is reached",
        "SHIFTS, translatesWhatIsMapped, comes to 0x101123",
        "EXPLAINS_WRONG, translatesWhatIsMapped, explaining a request",
        "TELLS_NOTHING, translatesWhatIsMapped, the mappings told of one function are []",
        "HAS_NONE, translatesWhatIsMapped, has no tables",
        "KEEPS_OLD, mapsLargeRanges, has no tables",
        "NEVER_INVALIDATES, mapsLargeRanges, an unmapped page",
        "NEVER_INVALIDATES, forgetsWhatIsUnmapped, an unmapped page",
        "IS_SILENT, recordsFaults, is told 0 times",
        "NEVER_CLEARS, recordsFaults, fault 9 is not recorded",
        "NEVER_ANNOUNCES, recordsFaults, is announced 0 times",
        "IS_MUTE, recordsFaults, prints nothing",
        "FORGETS_REGISTERS, goesOnFromItsRegisters, does not translate",
        "ADOPTS_NOTHING, isTakenOver, has none",
        "NEVER_INVALIDATES, isStartedAnew, what an older kernel mapped",
        "THROWS, anyRegisterMayBeWritten, 'IllegalStateException: mine'",
        "READS_ON, anyRegisterMayBeWritten, are read",
        "COUNTS, anyRegisterMayBeWritten, runs otherwise the second time",
        "THROWS, anyTableMayBeFound, over tables of noise 1"})
    void aRuleFindsWhoBreaksIt(String fault, String rule, String found) {
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> rule(rule).accept(fault))
                .withMessageContaining(found);
    }
}
