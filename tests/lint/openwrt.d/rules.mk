# SPDX-License-Identifier: Apache-2.0
# The few words of OpenWrt's build system that the package uses, so that GNU make can run its recipe. Owns: `make root` with PKG_INSTALL_DIR and ROOT
# set, `make facts`. Must never fetch anything.
INSTALL_DIR = install -d -m0755
INSTALL_BIN = install -m0755
INSTALL_DATA = install -m0644
INSTALL_CONF = install -m0600
CP = cp -fpR
define BuildPackage
$(eval $(Package/$(1)))
.PHONY: root facts
root:
	$$(call Package/$(1)/install,$$(ROOT))
facts:
	@echo 'name $(1) $$(PKG_NAME)'
	@echo 'version $$(PKG_VERSION)'
	@echo 'licence $$(PKG_LICENSE)'
	@echo 'hash $$(PKG_HASH)'
	@echo 'maintainer $$(PKG_MAINTAINER)'
	@echo 'depends $$(DEPENDS)'
	@echo 'users $$(USERID)'
	@echo 'meson $$(MESON_ARGS)'
endef
