#!/bin/bash
# A program's own table accepts everything, before and after Leeboard's; a drop in any chain is final.
# kind: precedence
# image: plasma
set -eu
nft add table inet program
nft add chain inet program early '{ type filter hook input priority -10; policy accept; }'
nft add chain inet program late '{ type filter hook input priority 10; policy accept; }'
nft add rule inet program early accept
nft add rule inet program late accept
