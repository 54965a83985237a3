// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.util.regex.Pattern;
import kdump.lab.api.LabException;

/** A property of a {@code -device} that its model, or what stands behind it, is told. */
public enum DeviceProperty {

    /** A storage back end. */
    DRIVE("drive"),
    /** Serial number, without which the device is refused. */
    SERIAL("serial"),
    /** A network back end. */
    NETDEV("netdev"),
    /** Address of a network interface. */
    MAC("mac"),
    /** The address bits that DMA keeps. */
    DMA_MASK("dma_mask"),
    /** Queue pairs of a controller besides its first. */
    MAX_IOQPAIRS("max_ioqpairs"),
    /** MSI-X vectors. */
    MSIX_QSIZE("msix_qsize"),
    /** Which ROM there is makes no difference here. */
    ROMFILE("romfile");

    private static final Pattern ADDRESS = Pattern.compile("([0-9a-fA-F]{2}[:-]){5}"
            + "[0-9a-fA-F]{2}");

    private final String key;

    DeviceProperty(String key) {
        this.key = key;
    }

    /** Returns its name on the command line. */
    public String key() {
        return key;
    }

    /**
     * Takes its value.
     *
     * @return null if it is not there
     * @throws LabException if it has no such value, or must be there
     */
    String take(Properties device, HostBackends backends) throws LabException {
        String text = device.text(key, null);
        if (text == null) {
            if (this == SERIAL) {
                throw device.refusal("serial property not set");
            }
            return null;
        }
        switch (this) {
            case DRIVE -> backends.useDrive(device, text);
            case NETDEV -> backends.useNetwork(device, text);
            case MAC -> {
                if (!ADDRESS.matcher(text).matches()) {
                    throw device.refusal("Property '" + device.value()
                            + ".mac' doesn't take value '" + text + "'");
                }
            }
            case DMA_MASK, MAX_IOQPAIRS, MSIX_QSIZE -> {
                return Long.toString(device.parsed(key, text));
            }
            default -> { }
        }
        return text;
    }
}
